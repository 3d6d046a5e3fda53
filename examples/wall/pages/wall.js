// Draws the wall. The server sends what changes once a second; the page computes each frame between.
import { clockText } from "/pages/clock_text.js";
import { doubtOf } from "/pages/doubt.js";
import { everyFrame } from "/pages/every_frame.js";
import { Link, NS, now } from "/pages/link.js";
import { frameLabel } from "/pages/frame_label.js";
import { turnLists } from "/pages/turned_lists.js";

const link = new Link();
const $ = (id) => document.getElementById(id);
const two = (number) => String(number).padStart(2, "0");
const SVG = "http://www.w3.org/2000/svg";
const DAY = 86_400_000; // ms
let at = 0; // the page's ms of the state's reading

link.addEventListener("state", ({ data }) => (at = link.instant(data)));
link.addEventListener("refined", ({ data }) => (at += data));

// Returns UTC now in ms since 1970, computed from the steady time of the server.
const utcNow = () => link.state.server_utc_ns / NS + (now() - at);

// Returns the reading of a wall in ms, as if it were UTC.
function wallOf(zone, utc) {
  const changed = zone.next_change_utc_ns !== null && utc >= zone.next_change_utc_ns / NS;
  return utc + (changed ? zone.next_offset_s : zone.offset_s) * 1000;
}

function timeText(ms) {
  const date = new Date(ms);
  return `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
}

const dateText = (ms) =>
  new Date(ms).toLocaleDateString("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric" });

function timecodeText(code) {
  const passed = code.since_ns + (now() - at) * NS;
  return frameLabel(code, code.frame + Math.floor((passed * code.numerator) / (code.denominator * 1e9)));
}

function duration(ns) {
  if (ns < 1e6) return `${Math.ceil(ns / 1e3)} µs`;
  if (ns < 1e9) return `${Math.ceil(ns / 1e6)} ms`;
  return `${(ns / 1e9).toFixed(1)} s`;
}

// Sets text only where it differs: a frame that changes nothing costs nothing.
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Makes `list` hold one element per item, and fills each.
function fill(list, items, make, update) {
  while (list.children.length > items.length) list.lastChild.remove();
  while (list.children.length < items.length) list.append(make());
  items.forEach((item, i) => update(list.children[i], item));
}

function row(parts, tag = "li") {
  const element = document.createElement(tag);
  for (const [name, kind] of parts) {
    const part = document.createElement(kind);
    part.className = name;
    element.append(part);
  }
  return element;
}
function channelRow() {
  const line = row([["text", "div"], ["left", "i"], ["bar", "progress"]]);
  line.firstChild.append(...row([["name", "span"], ["title", "b"]]).children);
  return line;
}
const part = (element, name) => element.getElementsByClassName(name)[0];

// The face: a ring of sixty seconds, twelve marks and three hands.
const dots = [];
const hands = {};
function drawFace() {
  const add = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    $("face").append(element);
    return element;
  };
  for (let i = 0; i < 60; ++i) {
    const angle = (i * Math.PI) / 30;
    const [x, y] = [Math.sin(angle), -Math.cos(angle)];
    dots.push(add("circle", { cx: 93 * x, cy: 93 * y, r: i % 5 === 0 ? 3.4 : 2.4, class: "dot" }));
    if (i % 5 === 0) add("line", { x1: 76 * x, y1: 76 * y, x2: 84 * x, y2: 84 * y, class: "tick" });
  }
  for (const [name, length] of [["hour", 44], ["minute", 66], ["second", 72]]) {
    hands[name] = add("line", { x1: 0, y1: name === "second" ? 14 : 0, x2: 0, y2: -length, class: `hand ${name}` });
  }
  add("circle", { cx: 0, cy: 0, r: 3.5, class: "hub" });
}
drawFace();

function drawClock(live) {
  const zone = link.state?.zones[0];
  document.body.classList.toggle("dark-time", !live);
  put($("time"), live ? timeText(wallOf(zone, utcNow())) : "--:--:--");
  put($("date"), live ? dateText(wallOf(zone, utcNow())) : "");
  put($("place"), live ? `${zone.label} ${zone.abbreviation === zone.label ? "" : zone.abbreviation}`.trim() : "");
  put($("timecode"), live && link.state.timecode ? timecodeText(link.state.timecode) : "–");
  for (const hand of Object.values(hands)) hand.style.visibility = live ? "visible" : "hidden";
  const seconds = live ? (wallOf(zone, utcNow()) % DAY) / 1000 : -1;
  dots.forEach((dot, i) => dot.classList.toggle("lit", live && i <= Math.floor(seconds) % 60));
  if (!live) return;
  const turn = (name, degrees) => hands[name].setAttribute("transform", `rotate(${degrees})`);
  turn("hour", (seconds / 120) % 360);
  turn("minute", (seconds / 10) % 360);
  turn("second", (Math.floor(seconds) * 6) % 360);
}

function drawTrust(live) {
  const sync = link.state?.sync;
  const pageError = (link.roundTrip / 2) * NS;
  const doubt = live ? doubtOf(sync, pageError) : "";
  const good = live && doubt === "";
  $("trust").classList.toggle("bad-panel", !good);
  document.body.classList.toggle("unverified", live && !good);
  $("doubt").hidden = doubt === "";
  put($("doubt"), doubt && `⚠ ${doubt}`);
  put($("mark"), good ? "✓" : "⚠");
  put($("sync-state"), !live ? "no contact" : sync.state);
  put($("bound"), live && sync.bound_ns !== null ? `± ${duration(sync.bound_ns)}` : "");
  put($("meaning"), live ? sync.meaning : "");
  put($("page-error"), live ? `This page adds up to ± ${duration(pageError)}` : "");
}

function drawLists(live) {
  const state = live ? link.state : null;
  const utc = live ? utcNow() : 0;
  const station = state?.zones[0];
  const show = (name, visible) => ($(`${name}-panel`).hidden = !visible);

  show("zones", live && state.zones.length > 1);
  fill($("zones"), state?.zones.slice(1) ?? [], () => row([["name", "span"], ["time", "b"], ["day", "i"]]), (line, zone) => {
    const wall = wallOf(zone, utc);
    const days = Math.floor(wall / DAY) - Math.floor(wallOf(station, utc) / DAY);
    put(part(line, "name"), zone.label);
    put(part(line, "time"), timeText(wall));
    put(part(line, "day"), days === 0 ? zone.abbreviation : `${zone.abbreviation} ${days > 0 ? "+" : "−"}${Math.abs(days)} day`);
  });

  show("channels", live && state.channels.length > 0);
  const many = state?.channels.length ?? 0;
  $("channels").className = many > 12 ? "dense" : many > 6 ? "" : "roomy";
  fill($("channels"), state?.channels ?? [], channelRow, (line, channel) => {
    const [start, end] = [channel.start_utc_ns, channel.end_utc_ns];
    const bounded = start !== null && end !== null;
    put(part(line, "name"), channel.name);
    put(part(line, "title"), channel.title ?? "off the air");
    line.classList.toggle("off", channel.title === null);
    put(part(line, "left"), end === null ? "" : `−${clockText(Math.max(0, end - utc * NS), "down")}`);
    part(line, "bar").ariaLabel = `Played of ${channel.title}`;
    part(line, "bar").style.visibility = bounded ? "visible" : "hidden";
    if (bounded) part(line, "bar").value = Math.min(1, (utc * NS - start) / (end - start));
  });

  show("events", live && state.events.length > 0);
  fill($("events"), state?.events ?? [], () => row([["time", "b"], ["text", "span"], ["channel", "i"], ["left", "i"]]), (line, event) => {
    put(part(line, "time"), timeText(wallOf(station, event.utc_ns / NS)));
    put(part(line, "text"), event.title ?? "off the air");
    put(part(line, "channel"), event.channel);
    put(part(line, "left"), `in ${clockText(Math.max(0, event.utc_ns - utc * NS), "down")}`);
  });

  const alarms = live ? state.alarms : [];
  $("alarms-panel").classList.toggle("bad-panel", alarms.length > 0);
  fill($("alarms"), alarms.length > 0 ? alarms : [null], () => row([["text", "span"], ["since", "i"]]), (line, alarm) => {
    put(part(line, "text"), alarm === null ? (live ? "✓ none" : "? unknown") : `⚠ ${alarm.text}`);
    put(part(line, "since"), alarm === null ? "" : `since ${timeText(wallOf(station, alarm.since_utc_ns / NS))}`);
  });
}

// The states of the neighbours are older than the wall's by `age_ns`, and the page adds what passed since.
function passed(neighbour) {
  return neighbour.age_ns + (now() - at) * NS;
}

function drawNeighbours(live) {
  const { director, scoreboard } = live ? link.state : {};
  $("director-panel").hidden = !director;
  $("scoreboard-panel").hidden = !scoreboard;
  const silent = ({ address, reachable }) => (reachable === null ? `${address} is asked` : `⚠ ${address} does not answer`);
  const lines = [];
  if (director && !director.reachable) lines.push(["", silent(director), ""]);
  if (director?.reachable) {
    const { on_air: onAir, next, state, held } = director.state;
    lines.push(["On the air", onAir ?? "–", state]);
    const left = next && Math.max(0, next.in_ns - (state === "running" ? passed(director) : 0));
    lines.push(["Next", next?.scene ?? "–", held ? "held" : next ? `in ${clockText(left, "down")}` : ""]);
  }
  fill($("director"), lines, () => row([["name", "span"], ["left", "i"], ["title", "b"]], "p"), (line, [name, title, left]) => {
    put(part(line, "name"), name);
    put(part(line, "title"), title);
    put(part(line, "left"), left);
  });
  const rows = scoreboard?.reachable ? [...scoreboard.state.clocks] : [];
  if (scoreboard && !scoreboard.reachable) rows.push({ text: silent(scoreboard) });
  if (scoreboard?.state?.more) rows.push({ text: `and ${scoreboard.state.more} more clocks` });
  fill($("scoreboard"), rows, () => row([["name", "span"], ["time", "b"]]), (line, clock) => {
    put(part(line, "name"), clock.text ?? `${clock.kind} ${clock.id}`.replace(/_/g, " "));
    if (clock.text !== undefined) return put(part(line, "time"), "");
    const ran = clock.expires_in_ns === null ? passed(scoreboard) : Math.min(passed(scoreboard), clock.expires_in_ns);
    put(part(line, "time"), clockText(clock.value_ns + clock.rate * ran, clock.direction, 0));
  });
}

// Returns what the heights of the rows depend on, as one text.
function textsOf({ alarms, channels, director, events, scoreboard, sync, zones }) {
  return JSON.stringify([
    alarms.map(({ text }) => text),
    zones.length,
    events.map(({ channel, title }) => [channel, title]),
    channels.map(({ name, title }) => [name, title]),
    [sync.state, director?.reachable, director?.state?.on_air, director?.state?.next?.scene],
    [scoreboard?.reachable, scoreboard?.state?.clocks.map(({ kind, id }) => [kind, id])],
  ]);
}

const fit = turnLists(["alarms", "zones", "events", "channels", "scoreboard"].map($));
let fittedState = null, fittedTexts = "";
function fitLists(live) {
  const state = live ? link.state : null;
  if (state === fittedState) return;
  fittedState = state;
  const texts = state === null ? "" : textsOf(state);
  if (texts === fittedTexts) return;
  fittedTexts = texts;
  // Many channels take a column, where the neighbours leave one.
  const apart = state !== null && state.channels.length > 8 && !state.director && !state.scoreboard;
  const column = document.querySelectorAll(".column")[apart ? 0 : 1];
  if ($("events-panel").parentElement !== column) column.append($("events-panel"));
  fit();
}

function draw() {
  const live = link.live;
  $("lost").hidden = live;
  drawClock(live);
  drawTrust(live);
  drawLists(live);
  drawNeighbours(live);
  fitLists(live);
}
everyFrame(draw);

const fillScreen = $("fill");
fillScreen.hidden = !document.fullscreenEnabled;
fillScreen.addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
});
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "f" && !event.ctrlKey && !event.metaKey && !event.altKey) fillScreen.click();
});
