// Drives the wall in Chromium:
//
//   tests/browser/run FOLDER real_pages_test.mjs WALL GUIDE
//
// SECONDS=600 watches the clock for ten minutes.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Service, openBrowser, openPage, sleep, waitUntil } from "../browser/harness.mjs";
import { frameLabel } from "../../examples/wall/pages/frame_label.js";

const [program, guide] = process.argv.slice(2);
const SECONDS = Number(process.env.SECONDS ?? 10);
const NEAR = 50; // ms
const HIDDEN = "--:--:--";

async function open(t, options = ["--zone", "UTC"], port = 0) {
  const service = await Service.start(t, program, options, port, []);
  const page = await openPage(t, await openBrowser(t), service.address);
  await page.waitForFunction((hidden) => document.querySelector("#time").textContent !== hidden, HIDDEN);
  return { service, page };
}

// Watches the digits for some seconds. Returns how late each second came, in ms.
const lateness = (page, seconds) =>
  page.evaluate(
    (ms) =>
      new Promise((done) => {
        const late = [];
        const end = performance.now() + ms;
        let before = document.querySelector("#time").textContent;
        const look = () => {
          const shown = document.querySelector("#time").textContent;
          const utc = window.testClocks.utc();
          if (shown !== before) {
            const [h, m, s] = shown.split(":").map(Number);
            const day = 86_400_000;
            const ahead = ((utc - ((h * 60 + m) * 60 + s) * 1000) % day + day + day / 2) % day - day / 2;
            late.push(ahead);
          }
          before = shown;
          if (performance.now() < end) setTimeout(look, 1);
          else done(late);
        };
        look();
      }),
    seconds * 1000,
  );

async function isExact(t, page, seconds = 3) {
  const late = await lateness(page, seconds);
  const worst = Math.max(...late.map(Math.abs));
  t.diagnostic(`${late.length} seconds, at worst ${worst.toFixed(1)} ms off`);
  assert.ok(late.length >= seconds - 1, JSON.stringify(late));
  assert.ok(worst < NEAR, JSON.stringify(late));
}

const isHidden = (page) =>
  page.evaluate((hidden) => document.querySelector("#time").textContent === hidden && !document.querySelector("#lost").hidden, HIDDEN);

test("the page ticks with the server", async (t) => {
  const { page } = await open(t);
  await sleep(1000); // the first round trips
  await isExact(t, page, SECONDS);
});

test("a step of the browser's clock moves nothing", async (t) => {
  const { page } = await open(t);
  await sleep(1000);
  for (const step of [3_600_000, -7_200_000]) {
    await page.evaluate((ms) => window.testClocks.setUtc(ms), step);
    await waitUntil(async () => !(await isHidden(page)));
    await sleep(1000);
    await isExact(t, page);
  }
});

test("a frozen server hides the time within 3 s", async (t) => {
  const { service, page } = await open(t);
  service.signal("SIGSTOP");
  const began = performance.now();
  await waitUntil(() => isHidden(page), 10);
  const took = performance.now() - began;
  t.diagnostic(`hidden after ${took.toFixed(0)} ms`);
  assert.ok(took < 3000);
  service.signal("SIGCONT");
  await waitUntil(async () => !(await isHidden(page)));
  await isExact(t, page);
});

test("a restart of the server brings the time back", async (t) => {
  const { service, page } = await open(t);
  await service.kill();
  await waitUntil(() => isHidden(page), 10);
  await Service.start(t, program, ["--zone", "UTC"], service.port, []);
  await waitUntil(async () => !(await isHidden(page)));
  await sleep(1000);
  await isExact(t, page);
});

test("a page that was frozen in its tab shows no old time", async (t) => {
  const { page } = await open(t);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  await sleep(4000);
  await devtools.send("Page.setWebLifecycleState", { state: "active" });
  await sleep(200);
  await waitUntil(async () => !(await isHidden(page)));
  await isExact(t, page);
});

test("a laptop that slept shows no old time", async (t) => {
  const { page } = await open(t);
  for (const stands of [true, false]) {
    await page.evaluate((still) => window.testClocks.sleep(4000, still), stands);
    await sleep(1000);
    await waitUntil(async () => !(await isHidden(page)));
    await sleep(1000);
    await isExact(t, page);
  }
});

test("a neighbour that does not answer is named, and the rest is shown", async (t) => {
  const options = ["--zone", "UTC", "--guide", guide, "--scoreboard", "http://127.0.0.1:1/", "--director", "http://127.0.0.1:2/"];
  const { page } = await open(t, options);
  for (const name of ["scoreboard", "director"]) {
    await waitUntil(async () => (await page.textContent("#alarms")).includes(`The ${name} does not answer: 127.0.0.1`));
    assert.match(await page.textContent(`#${name}`), /does not answer/);
  }
  assert.ok(await page.isVisible("#time"));
});

test("the labels are those of SMPTE ST 12-1", () => {
  // Counts as the standard says: drop-frame omits the first labels of each minute but the tenth.
  for (const [nominal, dropped] of [[25, 0], [30, 2], [60, 4], [120, 8]]) {
    const day = 24 * 6 * (nominal * 600 - 9 * dropped);
    const code = { nominal, dropped, frames_per_day: day };
    let [minute, second, frame] = [0, 0, 0];
    const width = nominal > 100 ? 3 : 2;
    for (let n = 0; n < day / 24; ++n) {
      const expected = `00:${String(minute).padStart(2, "0")}:${String(second).padStart(2, "0")}${dropped ? ";" : ":"}${String(frame).padStart(width, "0")}`;
      if (frameLabel(code, n) !== expected) assert.equal(frameLabel(code, n), expected);
      if (++frame === nominal) [frame, second] = [0, second + 1];
      if (second === 60) {
        [second, minute] = [0, minute + 1];
        if (minute % 10 !== 0) frame = dropped;
      }
    }
    assert.equal(frameLabel(code, day), frameLabel(code, 0));
    assert.equal(frameLabel(code, -1), frameLabel(code, day - 1));
  }
});
