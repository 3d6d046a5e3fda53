// Shows one clock as large as the page, with the message of the operator.
//
//   /stage?clock=stage/1   the clock; default: the first
//   tenths=10              shows tenths below so many seconds; default: none
import { ClockLink, chosenClocks, clockText, enableHorn, everyFrame, soundHorn } from "/pages/clocks.js";

const tenths = Number(new URLSearchParams(location.search).get("tenths")) || 0;
const link = new ClockLink();
const [kind, digits, message, lost, horn] = ["kind", "digits", "message", "lost", "horn"].map((id) =>
  document.getElementById(id));
let game = null;

function chosen() {
  const clocks = chosenClocks(link);
  return clocks.find((clock) => clock.key === game) ?? clocks[0];
}

function draw() {
  const clock = link.live ? chosen() : undefined;
  const stage = link.state?.stage ?? { message: "", blackout: false };
  document.body.classList.toggle("blackout", link.live && stage.blackout);
  lost.hidden = link.live;
  kind.textContent = clock ? clock.kind.replaceAll("_", " ") : "";
  message.textContent = link.live ? stage.message : "";
  const text = clock ? clockText(link.value(clock), clock.direction, tenths) : "";
  if (digits.textContent === text) return;
  digits.textContent = text;
  // Digits are about 0.62 em wide, and the digits take 92 % of the page.
  digits.style.fontSize = `min(${92 / (0.62 * Math.max(4, text.length))}vw, 62vh)`;
}

function over() {
  const clock = link.live ? chosen() : undefined;
  document.body.classList.toggle("over", Boolean(clock?.at_end && clock.state === "running"));
}

function toggleHorn() {
  enableHorn();
  horn.classList.toggle("on");
}

horn.addEventListener("click", toggleHorn);
addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "a" && !event.ctrlKey && !event.metaKey && !event.altKey) toggleHorn();
});
link.addEventListener("change", over);
link.addEventListener("report", ({ data }) => {
  if (data.reason === "expired" && `${data.kind}/${data.id}` === chosen()?.key && horn.classList.contains("on")) {
    soundHorn();
  }
});
fetch("/api/sport").then((answer) => answer.json()).then((sport) => {
  if (sport.game) game = `${sport.game.kind}/${sport.game.id}`;
});
everyFrame(draw);
