// The operator's page: the timeline to scale, and each command on a button with a key.
import { Link, NS, now } from "/pages/link.js";

const SECOND = 1e9;
const RETRIES = 20; // of a command without an answer, each after half a second
const LEAST_WIDTH = 0.4; // of a scene, in percent of the timeline

const find = (id) => document.getElementById(id);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const link = new Link();
const buttons = new Map(); // by key
let at = 0; // the instant of the state, on the page's steady timeline
let shown = null; // the sequence of the rundown in the timeline
let scenes = []; // each with start and end in ns
let total = 0; // ns

// The token comes in the address, which then loses it, and stays in this tab.
if (location.hash.length > 1) {
  sessionStorage.setItem("token", decodeURIComponent(location.hash.slice(1)));
  history.replaceState(null, "", location.pathname);
}
find("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", find("token").value);
  find("login").hidden = true;
});

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function say(text, bad = false) {
  find("answer").textContent = text;
  find("answer").classList.toggle("bad", bad);
}

// Sends a request until the server answers. A retry has the same command id and counts once.
async function post(path, body, name) {
  const request = {
    method: "POST",
    headers: { Authorization: `Bearer ${sessionStorage.getItem("token") ?? ""}`, "Content-Type": "application/json" },
    body: JSON.stringify({ command_id: newId(), ...body }),
  };
  for (let i = 0; i < RETRIES; ++i) {
    try {
      const answer = await fetch(path, request);
      const result = await answer.json();
      if (answer.status === 401) find("login").hidden = false;
      const allows = result.allows ? `. Allowed: ${result.allows.join(", ")}` : "";
      if (!answer.ok) say(`${name}: ${result.error}${allows}`, true);
      else say(result.changed ? name : `${name}: nothing to do`);
      return;
    } catch {
      say(`${name}: no answer, trying again`, true);
      await pause(500);
    }
  }
  say(`${name}: the server did not answer`, true);
}

const command = (name, more = {}) => post("/api/commands", { command: name, ...more }, name);

function withScene(name, more = {}) {
  const scene = find("scene").value;
  if (scene === "") return find("scene").focus();
  return command(name, { scene, ...more });
}

function addButton(key, name, press) {
  const button = document.createElement("button");
  button.type = "button";
  const label = document.createElement("span");
  label.textContent = name;
  const cap = document.createElement("kbd");
  cap.textContent = key === " " ? "Space" : key.toUpperCase();
  button.append(label, cap);
  button.addEventListener("click", press);
  find("commands").append(button);
  buttons.set(key, button);
}

addButton("s", "Start", () => command("Start"));
addButton("p", "Pause", () => command("Pause"));
addButton("r", "Resume", () => command("Resume"));
addButton(" ", "Skip", () => command("Skip"));
addButton("t", "Take", () => withScene("Take"));
addButton("f", "Force", () => withScene("Force", { until: find("until").value }));
addButton("x", "Release", () => command("Release"));
addButton("h", "Hold", () => command("Hold"));
addButton("g", "Go", () => command("Go"));
addButton("k", "Stop", () => command("Stop"));
addButton("0", "Reset", () => command("Reset"));
addButton("c", "Configure", () => find("file").click());

find("file").addEventListener("change", async () => {
  const [file] = find("file").files;
  if (!file) return;
  try {
    await post("/config", JSON.parse(await file.text()), `Configure ${file.name}`);
  } catch {
    say(`${file.name} is no JSON`, true);
  }
  find("file").value = "";
});

addEventListener("keydown", (event) => {
  const typing = event.target.tagName === "INPUT" || event.target.tagName === "SELECT";
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || typing) return;
  const button = buttons.get(event.key.toLowerCase());
  if (!button) return;
  event.preventDefault();
  button.click();
});

// Returns "M:SS", from an hour on "H:MM:SS". The time left is rounded up.
function clockText(ns) {
  const seconds = Math.ceil(Math.max(0, ns) / SECOND);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

async function drawTimeline() {
  if (link.state.rundown === shown) return;
  shown = link.state.rundown;
  const rundown = await (await fetch("/api/rundown")).json();
  let end = 0;
  scenes = rundown.scenes.map((scene) => {
    const start = scene.start_ms === undefined ? end : scene.start_ms * 1e6;
    end = start + scene.duration_ms * 1e6;
    return { name: scene.name, start, end };
  });
  total = end;
  find("names").replaceChildren(...[...new Set(scenes.map((scene) => scene.name))].map((name) => new Option(name)));
  find("scenes").replaceChildren(...scenes.map((scene, index) => {
    const block = document.createElement("button");
    block.type = "button";
    block.textContent = scene.name;
    block.title = `${scene.name}, ${clockText(scene.end - scene.start)}`;
    block.style.left = `${(100 * scene.start) / total}%`;
    block.style.width = `${Math.max(LEAST_WIDTH, (100 * (scene.end - scene.start)) / total)}%`;
    block.dataset.index = index;
    block.addEventListener("click", () => (find("scene").value = scene.name));
    return block;
  }));
  drawState();
}

function drawState() {
  const { state, live } = link;
  find("lost").hidden = live || state === null;
  find("contact").textContent = live ? "connected" : "no contact";
  find("contact").classList.toggle("bad", !live);
  document.body.classList.toggle("lost", !live);
  if (state === null) return;
  const { mixer } = state;
  find("mixer").textContent = mixer.kind ? `OBS ${mixer.state}${mixer.error ? `: ${mixer.error}` : ""}` : "no mixer is connected";
  find("mixer").classList.toggle("bad", Boolean(mixer.kind) && mixer.state !== "connected");
  const marks = [state.forced && "forced", state.held && "held"].filter(Boolean).join(", ");
  find("on-air").textContent = state.on_air ?? "–";
  find("air").classList.toggle("forced", state.forced);
  find("how").textContent = marks || (state.on_air === null ? "no request" : "timeline");
  find("state").textContent = state.cycle > 0 ? `${state.state}, cycle ${state.cycle + 1}` : state.state;
  find("next").textContent = state.next?.scene ?? "–";
  const seconds = Math.round(Math.abs(state.behind_ns) / SECOND);
  find("behind").textContent = seconds === 0 ? "on time" : `${seconds} s ${state.behind_ns > 0 ? "behind" : "ahead"}`;
  const end = state.expected_end_utc_ns;
  find("end").textContent = end === null ? "–" : new Date(end / 1e6).toLocaleTimeString([], { hour12: false });
  for (const block of find("scenes").children) {
    block.classList.toggle("on", Number(block.dataset.index) === state.scene_index);
  }
}

// Returns the time since the state, in ns, as far as the timeline moved.
function moved() {
  const { state, scene_left_ns: left, held } = link.state;
  if (state !== "running") return 0;
  const passed = Math.max(0, now() - at) * NS;
  return held ? Math.min(passed, left ?? 0) : passed;
}

function drawTime() {
  const { state } = link;
  const moves = state !== null && total > 0;
  find("playhead").hidden = !moves || !link.live;
  if (!moves) return;
  const passed = moved();
  const reached = state.position_ns + passed;
  const position = state.looping ? reached % total : Math.min(reached, total);
  find("playhead").style.left = `${(100 * position) / total}%`;
  document.body.dataset.positionNs = Math.round(position);
  find("left").textContent = state.scene_left_ns === null ? "–" : clockText(state.scene_left_ns - passed);
  find("next-in").textContent = state.next && !state.held ? `in ${clockText(state.next.in_ns - passed)}` : "";
}

link.addEventListener("connect", () => (shown = null)); // another server counts its sequences anew
link.addEventListener("state", ({ data }) => (at = link.instant(data)));
link.addEventListener("refined", ({ data }) => (at += data));
link.addEventListener("change", () => {
  drawState();
  if (link.state) drawTimeline();
});
setInterval(drawTime, 20);
