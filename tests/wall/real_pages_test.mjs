// Drives the wall in Chromium:
//
//   tests/browser/run FOLDER real_pages_test.mjs WALL GUIDE
//
// SECONDS=600 watches the clock for ten minutes.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import { join } from "node:path";
import { test } from "node:test";

import { Service, openBrowser, openPage, record, sleep, temporaryFolder, waitUntil } from "../browser/harness.mjs";
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

// Fails if a frame showed another time than UTC, within NEAR.
function neverWrong(frames) {
  assert.ok(frames.length > 0);
  for (const { begin, end, texts: [time] } of frames) {
    const [from, to] = [begin - NEAR, end + NEAR].map((ms) => new Date(ms).toISOString().slice(11, 19));
    // A recording does not span midnight.
    assert.ok(time === HIDDEN || (from <= time && time <= to), `${time} between ${from} and ${to}`);
  }
}

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
  const recording = await record(page, ["#time"]);
  await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
  await sleep(4000);
  await devtools.send("Page.setWebLifecycleState", { state: "active" });
  await sleep(200);
  await waitUntil(async () => !(await isHidden(page)));
  neverWrong(await recording());
  await isExact(t, page);
});

test("a laptop that slept shows no old time", async (t) => {
  const { page } = await open(t);
  for (const stands of [true, false]) {
    const recording = await record(page, ["#time"]);
    await page.evaluate((still) => window.testClocks.sleep(4000, still), stands);
    await sleep(1000);
    await waitUntil(async () => !(await isHidden(page)));
    neverWrong(await recording());
    await sleep(1000);
    await isExact(t, page);
  }
});

test("a slow connection shows no time that the page cannot vouch for", async (t) => {
  const { page } = await open(t, ["--zone", "UTC", "--rate", "50", "--sync", "none"]);
  await sleep(1000);
  const recording = await record(page, ["#timecode", "#page-error"]);
  await page.evaluate(() => (window.testClocks.delay = 1000));
  await page.evaluate(() => window.testClocks.setUtc(3_600_000)); // the page connects again
  await sleep(4000);
  const frames = (await recording()).filter(({ texts: [code] }) => code !== "–");
  assert.ok(frames.length > 0);
  for (const { begin, end, texts: [code, said] } of frames) {
    const [h, m, s, f] = code.split(":").map(Number);
    const shown = ((h * 60 + m) * 60 + s) * 1000 + f * 20;
    const [, number, unit] = /± ([0-9.]+) (µs|ms|s)/.exec(said);
    const near = NEAR + number * { µs: 1e-3, ms: 1, s: 1000 }[unit];
    const day = 86_400_000;
    assert.ok(shown > (begin % day) - near && shown < (end % day) + near, `${code} at ${new Date(end).toISOString()}, ${said}`);
  }
});

test("a page that is too far off for the limit says so", async (t) => {
  const { page } = await open(t, ["--zone", "UTC", "--sync", "none"]);
  const doubt = (bound_ns) => page.evaluate(async (bound) => {
    const { doubtOf } = await import("/pages/doubt.js");
    const sync = { state: "synchronized", bound_ns: bound, limit_ns: 100e6 };
    return [doubtOf(sync, 1e6), doubtOf(sync, 60e6), doubtOf({ ...sync, state: "free-running" }, 0)];
  }, bound_ns);
  assert.deepEqual(await doubt(50e6), ["", "this page is inexact", "free-running"]);
  assert.deepEqual(await doubt(null), ["error unknown", "error unknown", "free-running"]);
  assert.deepEqual(await doubt(101e6), ["error above the limit", "error above the limit", "free-running"]);
  // Without a reference, each of the digits has a sign that is no colour.
  assert.equal(await page.textContent("#doubt"), "⚠ error unknown");
  assert.ok(await page.isVisible("#doubt"));
  const sign = await page.$eval("#timecode", (element) => getComputedStyle(element, "::before").content);
  assert.match(sign, /⚠/);
});

test("a guide that breaks is an alarm until it is mended", async (t) => {
  const file = join(temporaryFolder(t), "guide.xml");
  const good = readFileSync(guide, "utf8");
  writeFileSync(file, good);
  const { page } = await open(t, ["--zone", "UTC", "--guide", file]);
  const alarmed = async () => (await page.textContent("#alarms")).includes("The guide cannot be read");
  writeFileSync(file, good.slice(0, good.length / 2));
  await waitUntil(alarmed);
  const end = performance.now() + 3500; // three more looks at the file
  while (performance.now() < end) assert.ok(await alarmed());
  writeFileSync(file, good);
  await waitUntil(async () => !(await alarmed()));
});

test("what neighbours send does not stop the clock", async (t) => {
  let answer = "{}";
  const neighbour = createServer((_, response) => response.end(answer)).listen(0, "127.0.0.1");
  t.after(() => neighbour.close());
  await waitUntil(() => neighbour.listening);
  const address = `http://127.0.0.1:${neighbour.address().port}/`;
  const { page } = await open(t, ["--zone", "UTC", "--scoreboard", address, "--director", address]);
  const director = { state: "running", on_air: "A", clocks: [] };
  const clock = { kind: "play", id: 1, direction: "down", value_ns: 5e9, rate: 0, expires_in_ns: null };
  for (const [sent, selector, shown] of [
    ["not JSON", "#alarms", /The scoreboard does not answer.*The director does not answer|director.*scoreboard/],
    [{ ...director, clocks: { a: 1 } }, "#scoreboard", /does not answer/],
    [{ ...director, clocks: [null, 7, clock] }, "#scoreboard", /^play 10:05$/],
    [{ ...director, next: "soon" }, "#director", /^On the airrunningANext–$/],
    [{ ...director, next: { scene: "B", in_ns: 2e9 }, held: true }, "#director", /NextheldB$/],
    [{ ...director, clocks: Array(9000).fill(clock) }, "#scoreboard", /and 8980 more clocks$/],
  ]) {
    answer = typeof sent === "string" ? sent : JSON.stringify(sent);
    await waitUntil(async () => shown.test(await page.textContent(selector)));
  }
  await isExact(t, page);
});

test("a host name that was named is served, and no other", async (t) => {
  const { service } = await open(t, ["--zone", "UTC", "--host-name", "Wall.example"]);
  const status = (host) => new Promise((done, failed) => {
    get({ port: service.port, host: "127.0.0.1", headers: { Host: host } }, (response) => done(response.resume().statusCode)).on("error", failed);
  });
  assert.equal(await status("wall.example:8080"), 200);
  assert.equal(await status("other.example"), 403);
});

test("the key F fills the screen, and keys of the browser do not", async (t) => {
  const { page } = await open(t);
  const filled = () => page.evaluate(() => document.fullscreenElement !== null);
  for (const key of ["Control+f", "Meta+f", "Alt+f"]) await page.keyboard.press(key);
  await sleep(300);
  assert.ok(!(await filled()));
  await page.keyboard.press("f");
  await waitUntil(filled);
  await page.keyboard.press("f");
  await waitUntil(async () => !(await filled()));
  await page.focus("#fill");
  await page.keyboard.press("Enter");
  await waitUntil(filled);
});

// A guide whose channels change all at once, so that one moment shows the worst.
function guideOf(channels, title) {
  const instant = (ms) => new Date(ms).toISOString().replace(/\.\d+Z|[-:T]/g, "") + " +0000";
  const hour = 3_600_000;
  const begin = Math.floor(Date.now() / hour) * hour - hour;
  const lines = [];
  for (let i = 1; i <= channels; ++i) {
    lines.push(`<channel id="c${i}"><display-name>Channel ${i}</display-name></channel>`);
  }
  for (let i = 1; i <= channels; ++i) {
    for (let n = 0; n < 6; ++n) {
      const [from, to] = [begin + n * hour, begin + (n + 1) * hour].map(instant);
      lines.push(`<programme start="${from}" stop="${to}" channel="c${i}"><title>${title(i, n)}</title></programme>`);
    }
  }
  return `<tv>${lines.join("\n")}</tv>`;
}

test("nothing runs off a wall, and all channels have their turn", async (t) => {
  const file = join(temporaryFolder(t), "guide.xml");
  writeFileSync(file, guideOf(40, (i, n) => (i % 3 === 0 ? `Programme ${n} with a title that goes on and on and on, `.repeat(3) : `Programme ${n}`)));
  const zones = ["UTC", "Europe/Dublin", "Asia/Tokyo", "America/New_York"].flatMap((zone) => ["--zone", zone]);
  const { page } = await open(t, [...zones, "--guide", file, "--sync", "none", "--scoreboard", "http://127.0.0.1:1/"]);
  for (const [width, height] of [[1440, 900], [3840, 2160], [390, 844]]) {
    await page.setViewportSize({ width, height });
    await sleep(300);
    const off = await page.evaluate(() => {
      const { clientWidth, scrollWidth, clientHeight, scrollHeight } = document.documentElement;
      const outside = [...document.querySelectorAll(".panel, .panel :is(li, p, b, i)")].filter((element) => {
        if (!element.checkVisibility() || element.closest(".text")) return false; // a long title ends with …
        const [inner, outer] = [element, element.closest("ul, ol, .panel")].map((one) => one.getBoundingClientRect());
        return inner.bottom > outer.bottom + 1 || inner.right > outer.right + 1 || inner.right > clientWidth + 1;
      });
      const wall = innerWidth > 960;
      return [...outside.map((element) => element.outerHTML), scrollWidth > clientWidth && "wide", wall && scrollHeight > clientHeight && "high"].filter(Boolean);
    });
    assert.deepEqual(off, [], `${width} x ${height}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  const visible = () => page.$$eval("#channels li:not([hidden]) .name", (names) => names.map((name) => name.textContent));
  const seen = new Set();
  await waitUntil(async () => {
    for (const name of await visible()) seen.add(name);
    return seen.size === 40;
  }, 60);
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
