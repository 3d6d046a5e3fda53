// Shows clocks on a transparent page, for a vision mixer.
//
//   /overlay?clock=period/1&clock=play/1   the clocks; all without it
//   tenths=60      shows tenths below so many seconds; default: 60, 0 for none
//   size=8         the height of the digits, in percent of the page
//   color=ffffff   of the digits
//   background=000000a0
//   labels=1       shows the kind of each clock
//   align=left     left, center, right
//   valign=bottom  top, middle, bottom
import { ClockLink, chosenClocks, clockText, everyFrame } from "/pages/clocks.js";

const options = new URLSearchParams(location.search);
const root = document.documentElement.style;
const hex = (name) => (/^[0-9a-f]{3,8}$/i.test(options.get(name) ?? "") ? `#${options.get(name)}` : null);
const among = (name, values) => (values.includes(options.get(name)) ? options.get(name) : values[0]);
const size = Number(options.get("size"));

if (size > 0 && size <= 100) root.setProperty("--size", `${size}vh`);
if (hex("color")) root.setProperty("--digits", hex("color"));
if (hex("background")) root.setProperty("--plate", hex("background"));
document.body.dataset.align = among("align", ["left", "center", "right"]);
document.body.dataset.valign = among("valign", ["bottom", "middle", "top"]);

const tenths = options.has("tenths") ? Number(options.get("tenths")) || 0 : 60;
const link = new ClockLink();
const place = document.getElementById("clocks");
const lost = document.getElementById("lost");
const plates = new Map();

function plate(clock) {
  if (!plates.has(clock.key)) {
    const element = document.createElement("div");
    element.className = "plate";
    element.dataset.clock = clock.key;
    const label = document.createElement("span");
    label.textContent = clock.kind.replaceAll("_", " ");
    label.hidden = options.get("labels") !== "1";
    const digits = document.createElement("b");
    element.append(label, digits);
    plates.set(clock.key, element);
  }
  return plates.get(clock.key);
}

function draw() {
  lost.hidden = link.live;
  place.hidden = !link.live;
  if (!link.live) return;
  const clocks = chosenClocks(link);
  const wanted = clocks.map(plate);
  if (wanted.length !== place.children.length || wanted.some((element, i) => place.children[i] !== element)) {
    place.replaceChildren(...wanted);
  }
  for (const clock of clocks) {
    const element = plate(clock);
    const text = clockText(link.value(clock), clock.direction, tenths);
    if (element.lastChild.textContent !== text) element.lastChild.textContent = text;
    element.classList.toggle("over", clock.at_end && clock.state === "running");
  }
}

everyFrame(draw);
