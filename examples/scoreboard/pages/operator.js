// The operator's page: each button has a key, and shows it.
import { ClockLink, clockText, enableHorn, everyFrame, soundHorn } from "/pages/clocks.js";
import { addButton, bindButton, buttons, find, post, say, token } from "/pages/operate.js";

const SECOND = 1e9;

const link = new ClockLink();
const cards = new Map();
let game = null; // the key of the game clock
let selected = null; // of a clock
let hornOn = false;

function command(name, verb, more = {}) {
  const clock = link.clocks.get(selected);
  if (!clock) return say("No clock is selected", true);
  const one = { kind: clock.kind, id: clock.id, verb, ...more };
  return post("/api/commands", { commands: [one] }, `${clock.key} ${name}`);
}

// Asks for a text. Returns null when the operator cancels.
function ask(question, value) {
  const dialog = find("ask");
  find("question").textContent = question;
  find("reply").value = value;
  dialog.returnValue = "no";
  dialog.showModal();
  find("reply").select();
  return new Promise((done) => {
    dialog.onclose = () => done(dialog.returnValue === "yes" ? find("reply").value : null);
  });
}
document.querySelector("#ask button[value=no]").addEventListener("click", () => find("ask").close("no"));

// Reads "M:SS", "H:MM:SS", "S", with a fraction or not. Returns ns, or null.
function parseTime(text) {
  const match = /^(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,9}))?$/.exec(text.trim());
  if (!match) return null;
  const [, hours = "0", minutes = "0", seconds, fraction = ""] = match;
  return (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * SECOND + Number(fraction.padEnd(9, "0"));
}

async function setClock() {
  const clock = link.clocks.get(selected);
  if (!clock) return say("No clock is selected", true);
  const text = await ask(`Set ${clock.key} to`, clockText(link.value(clock), clock.direction, 60));
  if (text === null) return;
  const value = parseTime(text);
  if (value === null) say(`"${text}" is no time such as 12:34 or 9.5`, true);
  else command(`set to ${text}`, "set", { value_ns: value });
}

async function setMessage() {
  const text = await ask("Message for the stage", link.state?.stage.message ?? "");
  if (text !== null) post("/api/stage", { ...link.state.stage, message: text }, "message");
}

function toggleBlackout() {
  const stage = link.state?.stage ?? { message: "", blackout: false };
  post("/api/stage", { ...stage, blackout: !stage.blackout }, stage.blackout ? "lights on" : "blackout");
}

function toggleHorn() {
  enableHorn();
  hornOn = !hornOn;
  buttons.get("a").classList.toggle("on", hornOn);
}

function select(step) {
  const keys = orderedClocks().map((clock) => clock.key);
  if (keys.length === 0) return;
  selected = keys[(keys.indexOf(selected) + step + keys.length) % keys.length];
  refresh();
}

function nameOf(record) {
  if (record.commands.length === 0) return record.verb;
  const value = (one) => {
    if (one.value_ns === undefined) return "";
    return one.verb === "adjust" ? ` ${one.value_ns / SECOND} s` : ` ${clockText(one.value_ns, "down", 60)}`;
  };
  return record.commands.map((one) => `${one.kind}/${one.id} ${one.verb}${value(one)}`).join(", ");
}

async function toggleHistory() {
  const section = find("history");
  section.hidden = !section.hidden;
  if (!section.hidden) await showHistory();
}

async function showHistory() {
  const from = Math.max(1, (link.state?.sequence ?? 1) - 200);
  const answer = await fetch(`/api/history?from=${from}`);
  const { records } = await answer.json();
  const lines = records.filter((record) => record.verb !== "alive").reverse().map((record) => {
    const line = document.createElement("li");
    line.value = record.sequence;
    const time = document.createElement("time");
    time.textContent = new Date(record.utc_ns / 1e6).toLocaleTimeString();
    line.append(time, " ", nameOf(record));
    return line;
  });
  find("history").firstElementChild.replaceChildren(...lines);
}

function resend(body, name) {
  return post("/api/resend", body, name).then(showLetters);
}

let lettersShown = 0;

// Lists the deliveries that were given up, each with a button.
async function showLetters() {
  const answer = await fetch("/api/dead_letters", { headers: { Authorization: `Bearer ${token()}` } });
  if (!answer.ok) return;
  const { dead_letters: letters } = await answer.json();
  find("letters").hidden = letters.length === 0;
  const lines = letters.map((letter) => {
    const line = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Resend";
    button.addEventListener("click", () => resend({ event_id: letter.event_id }, `resend event ${letter.event_id}`));
    line.append(button, ` ${letter.event_id} ${letter.event_type} to ${letter.destination}: ${letter.error}`);
    return line;
  });
  find("letters").lastElementChild.replaceChildren(...lines);
}

function card(clock) {
  if (cards.has(clock.key)) return cards.get(clock.key);
  const element = document.createElement("button");
  element.type = "button";
  element.className = "clock";
  element.dataset.clock = clock.key;
  const [kind, digits, state] = ["span", "b", "i"].map((tag) => document.createElement(tag));
  kind.textContent = `${clock.kind.replaceAll("_", " ")} ${clock.id}`;
  element.append(kind, digits, state);
  element.addEventListener("click", () => {
    selected = clock.key;
    refresh();
  });
  cards.set(clock.key, element);
  return element;
}

function offsetText() {
  if (link.ahead === null) return "connected";
  const ahead = `${link.ahead < 0 ? "−" : "+"}${Math.abs(link.ahead).toFixed(1)} ms`;
  return `server ${ahead} ± ${(link.roundTrip / 2).toFixed(1)} ms`;
}

function deliveriesText(state) {
  const letters = state.dead_letters ? `, ${state.dead_letters} dead letters` : "";
  const late = state.oldest_undelivered_s ? `, oldest ${state.oldest_undelivered_s} s` : "";
  return `deliveries ${state.pusher_status}${letters}${late}`;
}

// Keeps the game clock first.
function orderedClocks() {
  const clocks = [...link.clocks.values()];
  return clocks.filter((clock) => clock.key === game).concat(clocks.filter((clock) => clock.key !== game));
}

// Shows what changes by messages only.
function refresh() {
  const { state, live } = link;
  find("lost").hidden = live || state === null;
  find("contact").textContent = live ? `live, ${offsetText()}; ${deliveriesText(state)}` : "no contact";
  find("contact").classList.toggle("bad", !live || state.pusher_status === "dead" || state.dead_letters > 0);
  if (state === null) return;
  if (!link.clocks.has(selected)) selected = orderedClocks()[0]?.key ?? null;
  const elements = orderedClocks().map(card);
  const place = find("clocks");
  if (elements.length !== place.children.length || elements.some((element, i) => place.children[i] !== element)) {
    place.replaceChildren(...elements);
  }
  for (const clock of link.clocks.values()) {
    const element = card(clock);
    element.lastChild.textContent = live ? clock.state : "";
    element.dataset.state = clock.state;
    element.classList.toggle("over", clock.at_end && clock.state === "running");
    element.setAttribute("aria-pressed", String(clock.key === selected));
  }
  find("store").hidden = !state.store_error;
  find("store").textContent = `Commands are refused: ${state.store_error}. Running clocks go on.`;
  find("decide").hidden = !state.needs_decision;
  for (const [key, name, record] of [["z", "Undo", state.next_undo], ["y", "Redo", state.next_redo]]) {
    buttons.get(key).disabled = record === null;
    buttons.get(key).firstChild.textContent = record === null ? name : `${name}: ${nameOf(record)}`;
  }
  const running = link.clocks.get(selected)?.state === "running";
  buttons.get(" ").firstChild.textContent = running ? "Pause" : "Start";
  if (token() && state.dead_letters !== lettersShown) {
    lettersShown = state.dead_letters;
    showLetters();
  }
  buttons.get("r").hidden = state.dead_letters === 0;
  buttons.get("b").classList.toggle("on", state.stage.blackout);
}

function draw() {
  for (const clock of link.clocks.values()) {
    const digits = card(clock).children[1];
    const text = link.live ? clockText(link.value(clock), clock.direction, 60) : "–:––";
    if (digits.textContent !== text) digits.textContent = text;
  }
}

const adjust = (name, ns) => () => command(name, "adjust", { value_ns: ns });
addButton("controls", " ", "Start", () => {
  const running = link.clocks.get(selected)?.state === "running";
  return running ? command("pause", "pause") : command("start", "start");
});
addButton("controls", "ArrowLeft", "−1 s", adjust("−1 s", -SECOND));
addButton("controls", "ArrowRight", "+1 s", adjust("+1 s", SECOND));
addButton("controls", "Shift+ArrowLeft", "−0.1 s", adjust("−0.1 s", -SECOND / 10));
addButton("controls", "Shift+ArrowRight", "+0.1 s", adjust("+0.1 s", SECOND / 10));
addButton("controls", "Enter", "Set …", setClock);
addButton("controls", "Backspace", "Reset", () => command("reset", "reset"));
addButton("controls", "ArrowUp", "Clock before", () => select(-1));
addButton("controls", "ArrowDown", "Clock after", () => select(1));
addButton("changes", "z", "Undo", () => post("/api/undo", {}, "undo"));
addButton("changes", "y", "Redo", () => post("/api/redo", {}, "redo"));
addButton("changes", "i", "History", toggleHistory);
addButton("others", "m", "Message …", setMessage);
addButton("others", "b", "Blackout", toggleBlackout);
addButton("others", "a", "Horn", toggleHorn);
addButton("others", "r", "Resend all dead letters", () => resend({ since: 0 }, "resend all"));
for (const button of document.querySelectorAll("#decide button")) {
  const choice = button.dataset.key === "c" ? "continue" : "freeze";
  bindButton(button, button.dataset.key, () => post("/api/decide", { choice }, choice));
}

find("login").hidden = token() !== "";
find("login").addEventListener("submit", () => { lettersShown = 0; });
fetch("/api/sport").then((answer) => answer.json()).then((sport) => {
  if (sport.name) find("sport").textContent = sport.name;
  if (sport.game) selected = game = `${sport.game.kind}/${sport.game.id}`;
  for (const action of sport.actions) {
    addButton("actions", action.key || action.name, action.name,
      () => post("/api/commands", { commands: action.commands }, action.name));
  }
  refresh();
});
link.addEventListener("change", refresh);
link.addEventListener("state", () => find("history").hidden || showHistory());
link.addEventListener("report", ({ data }) => {
  if (data.reason === "expired" && hornOn) soundHorn();
});
setInterval(refresh, 1000);
everyFrame(draw);
