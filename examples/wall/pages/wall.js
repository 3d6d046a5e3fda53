// Draws the wall. The server sends what changes once a second; the page computes each frame between.
import { clockText } from "/pages/clock_text.js";
import { everyFrame } from "/pages/every_frame.js";
import { Link, NS, now } from "/pages/link.js";
import { frameLabel } from "/pages/frame_label.js";

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

function timeText(ms, seconds = true) {
  const date = new Date(ms);
  const text = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  return seconds ? `${text}:${two(date.getUTCSeconds())}` : text;
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
  const good = live && sync.state === "synchronized" && sync.bound_ns <= sync.limit_ns;
  $("trust").classList.toggle("bad-panel", !good);
  document.body.classList.toggle("unverified", live && !good);
  put($("mark"), good ? "✓" : "⚠");
  put($("sync-state"), !live ? "no contact" : sync.state);
  put($("bound"), live && sync.bound_ns !== null ? `± ${duration(sync.bound_ns)}` : "");
  put($("meaning"), live ? sync.meaning : "");
  const trip = link.roundTrip === null ? "being measured" : `± ${duration((link.roundTrip / 2) * NS)}`;
  put($("page-error"), live ? `This page: ${trip}, beside the server` : "");
}

function drawLists(live) {
  const state = live ? link.state : null;
  const utc = live ? utcNow() : 0;
  const station = state?.zones[0];
  const clock = (ns) => timeText(wallOf(station, ns / NS), false);
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
  fill($("channels"), state?.channels ?? [], () => row([["name", "span"], ["title", "b"], ["left", "i"], ["bar", "progress"], ["next", "small"]]), (line, channel) => {
    const [start, end] = [channel.start_utc_ns, channel.end_utc_ns];
    const bounded = start !== null && end !== null;
    put(part(line, "name"), channel.name);
    put(part(line, "title"), channel.title ?? "off the air");
    line.classList.toggle("off", channel.title === null);
    put(part(line, "left"), end === null ? "" : `−${clockText(Math.max(0, end - utc * NS), "down")}`);
    part(line, "bar").style.visibility = bounded ? "visible" : "hidden";
    if (bounded) part(line, "bar").value = Math.min(1, (utc * NS - start) / (end - start));
    put(part(line, "next"), channel.next_title === null ? "" : `${clock(channel.next_utc_ns)}  ${channel.next_title}`);
  });

  show("events", live && state.events.length > 0);
  fill($("events"), state?.events ?? [], () => row([["time", "b"], ["text", "span"], ["channel", "i"], ["left", "i"]]), (line, event) => {
    put(part(line, "time"), timeText(wallOf(station, event.utc_ns / NS)));
    put(part(line, "text"), event.text);
    put(part(line, "channel"), event.channel);
    put(part(line, "left"), `in ${clockText(Math.max(0, event.utc_ns - utc * NS), "down")}`);
  });

  const alarms = live ? state.alarms : [];
  $("alarms-panel").classList.toggle("bad-panel", alarms.length > 0);
  fill($("alarms"), alarms.length > 0 || !live ? alarms : [null], () => row([["text", "span"], ["since", "i"]]), (line, alarm) => {
    put(part(line, "text"), alarm === null ? "✓ none" : `⚠ ${alarm.text}`);
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
  const lines = [];
  if (director && !director.reachable) lines.push(["⚠", `${director.address} does not answer`, ""]);
  if (director?.reachable) {
    const { on_air: onAir, next, state } = director.state;
    lines.push(["On the air", onAir ?? "–", state ?? ""]);
    const running = state === "running";
    const left = next ? Math.max(0, next.in_ns - (running ? passed(director) : 0)) : null;
    lines.push(["Next", next?.scene ?? "–", left === null ? "" : `in ${clockText(left, "down")}`]);
  }
  fill($("director"), lines, () => row([["name", "span"], ["title", "b"], ["left", "i"]], "p"), (line, [name, title, left]) => {
    put(part(line, "name"), name);
    put(part(line, "title"), title);
    put(part(line, "left"), left);
  });
  const clocks = scoreboard?.reachable ? (scoreboard.state.clocks ?? []) : [];
  const rows = scoreboard && !scoreboard.reachable ? [{ kind: `⚠ ${scoreboard.address} does not answer`, id: "", text: "" }] : clocks;
  fill($("scoreboard"), rows, () => row([["name", "span"], ["time", "b"]]), (line, clock) => {
    put(part(line, "name"), `${clock.kind} ${clock.id}`.replace(/_/g, " ").trim());
    if (clock.text !== undefined) return put(part(line, "time"), clock.text);
    const ran = clock.expires_in_ns === null ? passed(scoreboard) : Math.min(passed(scoreboard), clock.expires_in_ns);
    put(part(line, "time"), clockText(clock.value_ns + clock.rate * ran, clock.direction, 0));
  });
}

function draw() {
  const live = link.live;
  $("lost").hidden = live;
  drawClock(live);
  drawTrust(live);
  drawLists(live);
  drawNeighbours(live);
}
everyFrame(draw);

document.addEventListener("keydown", (event) => {
  if (event.key === "f") document.documentElement.requestFullscreen?.();
});
