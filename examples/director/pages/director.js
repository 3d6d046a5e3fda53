// The operator's page: the timeline to scale, and each command on a button with a key.
import { everyFrame } from "/pages/every_frame.js";
import { Link, NS, now } from "/pages/link.js";
import { addButton, find, post, say } from "/pages/operate.js";

const SECOND = 1e9;
const THUMBNAILS_EVERY = 2000; // ms
const LEAST_WIDTH = 0.4; // of a scene, in percent of the timeline

const link = new Link();
let at = 0; // the instant of the state, on the page's steady timeline
let shown = null; // the sequence of the rundown in the timeline
let scenes = []; // each with start and end in ns
let total = 0; // ns

const command = (name, more = {}) => post("/api/commands", { command: name, ...more }, name);

function withScene(name, more = {}) {
  const scene = find("scene").value;
  if (scene === "") return find("scene").focus();
  return command(name, { scene, ...more });
}

addButton("commands", "s", "Start", () => command("Start"));
addButton("commands", "p", "Pause", () => command("Pause"));
addButton("commands", "r", "Resume", () => command("Resume"));
addButton("commands", " ", "Skip", () => command("Skip"));
addButton("commands", "t", "Take", () => withScene("Take"));
addButton("commands", "f", "Force", () => withScene("Force", { until: find("until").value }));
addButton("commands", "x", "Release", () => command("Release"));
addButton("commands", "h", "Hold", () => command("Hold"));
addButton("commands", "g", "Go", () => command("Go"));
addButton("commands", "k", "Stop", () => command("Stop"));
addButton("commands", "0", "Reset", () => command("Reset"));
addButton("commands", "u", "UpdateStreamStatus", () => command("UpdateStreamStatus", {
  streaming: find("streaming").checked, recording: find("recording").checked, feed_lost: find("feed-lost").checked,
}));
addButton("commands", "c", "Configure", () => find("file").click());

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
  const obs = `OBS ${mixer.state}${mixer.error ? `: ${mixer.error}` : ""}`;
  find("mixer").textContent = (mixer.kind ? obs : "no mixer is connected") + (state.leads ? "" : "; another server leads");
  find("mixer").classList.toggle("bad", Boolean(mixer.kind) && mixer.state !== "connected");
  const safe = state.safe?.on && `safe scene: ${state.safe.loss ?? "a source"} is lost`;
  const marks = [safe || (state.forced && "forced"), state.held && "held"].filter(Boolean).join(", ");
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
  if (link.live === document.body.classList.contains("lost")) drawState(); // in this frame, not at the next message
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

function drawThumbnail(id, thumbnail) {
  const image = find(id);
  image.hidden = !thumbnail?.image;
  if (image.hidden) return;
  image.src = thumbnail.image;
  image.alt = thumbnail.scene;
}

// A page that no viewer sees asks for nothing.
async function drawThumbnails() {
  const visible = link.live && !document.hidden && link.state.mixer.state === "connected";
  let thumbnails = {};
  try {
    if (visible) thumbnails = await (await fetch("/api/thumbnails")).json();
  } catch { /* the link says that contact is lost */ }
  drawThumbnail("on-air-image", thumbnails.on_air);
  drawThumbnail("next-image", thumbnails.next);
}

link.addEventListener("connect", () => (shown = null)); // another server counts its sequences anew
link.addEventListener("state", ({ data }) => (at = link.instant(data)));
link.addEventListener("refined", ({ data }) => (at += data));
link.addEventListener("change", () => {
  drawTime(); // first: drawState may show again what it hid
  drawState();
  if (link.state) drawTimeline();
});
everyFrame(drawTime);
setInterval(drawThumbnails, THUMBNAILS_EVERY);
