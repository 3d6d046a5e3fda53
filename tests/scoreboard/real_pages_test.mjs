// Drives the pages of the scoreboard in Chromium:
//
//   tests/browser/run FOLDER real_pages_test.mjs SCOREBOARD SPORT.json [SECONDS]
//
// SECONDS is the time over which three pages are compared a hundred times.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";

import { Service, openBrowser, openPage, record, sample, sleep, temporaryFolder, waitUntil } from "../browser/harness.mjs";

const [program, sport, seconds = "10"] = process.argv.slice(2);
const NS = 1e6; // in a ms
const NEAR = 100; // ms: the same just after a page has connected, when it has measured one round trip
const SURE = 20; // ms: what a page and this test may differ in their ideas of UTC

// Returns what a down clock shows, with tenths below a minute, computed from one reading of the server.
function shown(clock, readAt, utc) {
  const passed = clock.rate === 0 ? 0 : (utc - readAt) * NS;
  const tenths = Math.ceil(Math.max(0, clock.value_ns - passed) / 1e8);
  if (tenths < 600) return `${Math.floor(tenths / 10)}.${tenths % 10}`;
  const whole = Math.ceil(Math.max(0, clock.value_ns - passed) / 1e9);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

const isHidden = (text) => text === null || /^(–:––)?$/.test(text);

// A server with the play clock on three pages.
class Match {
  static async start(t, pages = ["operator", "overlay", "stage"]) {
    const match = new Match();
    match.test = t;
    match.options = ["--db", join(temporaryFolder(t), "match.db"), "--sport", sport];
    match.service = await Service.start(t, program, match.options);
    const browser = await openBrowser(t);
    const { address } = match.service;
    const all = {
      operator: [`${address}#secret`, '#clocks [data-clock="play/1"] b'],
      overlay: [`${address}overlay?clock=play/1`, '[data-clock="play/1"] b'],
      stage: [`${address}stage?clock=play/1&tenths=60`, "#digits"],
    };
    match.pages = await Promise.all(pages.map(async (name) => {
      const [url, selector] = all[name];
      return { name, selector, page: await openPage(t, browser, url) };
    }));
    await match.restart(59.95);
    return match;
  }

  // Lets the play clock run down from `seconds`.
  async restart(seconds) {
    const rules = { direction: "down", initial_ns: seconds * 1e9, maximum_ns: 100e9, at_end: "stop" };
    const play = { kind: "play", id: 1 };
    await this.service.post("api/commands", {
      commands: [{ ...play, verb: "configure", rules }, { ...play, verb: "start" }],
    });
    const state = await this.service.get("api/state");
    this.readAt = state.server_utc_ns / NS;
    this.clock = state.clocks.find((clock) => clock.kind === "play");
  }

  samples() {
    return Promise.all(this.pages.map(({ page, selector }) => sample(page, selector)));
  }

  // Whether all pages show the right tenth now. `undefined` if the tenth changes now.
  async agree() {
    const samples = await this.samples();
    const instants = samples.flatMap(({ utc }) => [utc - SURE, utc + SURE]);
    const wanted = instants.map((at) => shown(this.clock, this.readAt, at));
    if (new Set(wanted).size > 1) return undefined;
    this.last = `${samples.map(({ text }) => text)}, expected ${wanted[0]}`;
    return samples.every(({ text }) => text === wanted[0]);
  }

  // Compares the pages `times` times within about `seconds`.
  async compare(times, seconds) {
    for (let compared = 0; compared < times; ) {
      const right = await this.agree();
      if (right !== undefined) {
        assert.ok(right, this.last);
        ++compared;
        await sleep((seconds * 1000) / times * Math.random());
      }
    }
  }

  // Starts to record each page. Returns a function that fails if a frame showed a wrong time.
  async watch() {
    const recordings = await Promise.all(this.pages.map(({ page, selector }) => record(page, [selector])));
    return async () => {
      for (const recording of recordings) {
        const frames = await recording();
        assert.ok(frames.length > 0);
        for (const { begin, end, texts: [text] } of frames) {
          if (isHidden(text)) continue;
          const right = new Set();
          for (let utc = begin - NEAR; utc <= end + NEAR; utc += SURE) right.add(shown(this.clock, this.readAt, utc));
          assert.ok(right.has(text), `${text}, expected ${[...right]}`);
        }
      }
    };
  }

  hidden() {
    return this.samples().then((samples) => samples.every(({ text }) => isHidden(text)));
  }

  lost() {
    return Promise.all(this.pages.map(({ page }) => page.locator("#lost").isVisible()));
  }
}

// Mostly waits: three at a time.
describe("pages", { concurrency: 3 }, () => {
  test("three pages show the same tenth, compared 100 times", async (t) => {
    const match = await Match.start(t);
    await waitUntil(() => match.agree());
    for (let compared = 0; compared < 100; compared += 25) {
      await match.restart(59.95);
      await waitUntil(() => match.agree());
      await match.compare(25, Number(seconds) / 4);
    }
  });

  test("pages survive a restart of the server", async (t) => {
    const match = await Match.start(t);
    await waitUntil(() => match.agree());
    await match.service.kill();
    await waitUntil(async () => (await match.lost()).every(Boolean), 3.5);
    assert.ok(await match.hidden());
    await Service.start(t, program, match.options, match.service.port);
    await waitUntil(() => match.agree());
    await match.compare(10, 1);
    assert.ok((await match.lost()).every((lost) => !lost));
  });

  test("pages hide the clocks of a frozen server within 3 s, and show them again", async (t) => {
    const match = await Match.start(t);
    await waitUntil(() => match.agree());
    match.service.signal("SIGSTOP");
    const began = performance.now();
    await waitUntil(async () => (await match.lost()).every(Boolean), 5);
    assert.ok(await match.hidden());
    const took = performance.now() - began;
    assert.ok(took < 3000, `${took} ms`);
    await sleep(6000 - took); // until the pages have tried to connect again
    match.service.signal("SIGCONT");
    await waitUntil(() => match.agree());
    await match.compare(10, 1);
  });

  for (const steadyStands of [true, false]) {
    test(`pages survive a laptop that slept, steady time ${steadyStands ? "stands" : "goes on"}`, async (t) => {
      const match = await Match.start(t);
      await waitUntil(() => match.agree());
      await match.compare(5, 0);
      const neverWrong = await match.watch();
      const fallAsleep = (stands) => window.testClocks.sleep(4000, stands);
      await Promise.all(match.pages.map(({ page }) => page.evaluate(fallAsleep, steadyStands)));
      await waitUntil(() => match.agree(), 5);
      await neverWrong();
      await match.compare(10, 1);
    });
  }

  // A page cannot tell the step from a sleep, and hides its clocks for a round trip.
  test("a step of the page's UTC by an hour shows no wrong time", async (t) => {
    const match = await Match.start(t);
    await waitUntil(() => match.agree());
    for (const ms of [3_600_000, -7_200_000]) {
      const neverWrong = await match.watch();
      await Promise.all(match.pages.map(({ page }) => page.evaluate((moved) => window.testClocks.setUtc(moved), ms)));
      await waitUntil(() => match.agree(), 5);
      await match.compare(20, 1.5);
      await neverWrong();
    }
  });

  test("each button does what its key does", async (t) => {
    // One page gets clicks, the other keys. Each has another match.
    const ends = await Promise.all(["click", "key"].map(async (kind) => {
      const match = await Match.start(t, ["operator"]);
      const { page } = match.pages[0];
      const end = { kind, page, service: match.service, requests: [] };
      page.on("request", (request) => {
        if (request.method() !== "POST") return;
        const { command_id: id, ...body } = request.postDataJSON();
        assert.match(id, /^[0-9a-f]{24}$/);
        end.requests.push([new URL(request.url()).pathname, body]);
      });
      return end;
    }));
    const keysOf = (found) => found.map((button) => button.dataset.key);
    const keys = await ends[0].page.$$eval("main button[data-key]", keysOf);
    assert.ok(keys.length >= 20, String(keys));
    const effects = new Set();
    const state = ({ page }) => page.evaluate(() => ({
      dialog: document.querySelector("#ask").open && document.querySelector("#question").textContent,
      history: document.querySelector("#history").hidden,
      selected: document.querySelector('.clock[aria-pressed="true"]')?.dataset.clock,
      on: [...document.querySelectorAll("button.on")].map((button) => button.dataset.key),
      answer: document.querySelector("#answer").textContent,
    }));
    for (const key of keys) {
      const results = await Promise.all(ends.map(async (end) => {
        const { page, kind } = end;
        end.requests.length = 0;
        const button = page.locator(`main button[data-key="${key}"]`);
        if (!(await button.isVisible()) || (await button.isDisabled())) return "not there";
        await page.evaluate(() => (document.querySelector("#answer").textContent = ""));
        const before = JSON.stringify(await state(end));
        if (kind === "click") await button.click();
        else await page.keyboard.press(key);
        await waitUntil(async () => JSON.stringify(await state(end)) !== before, 5);
        const after = await state(end);
        if (after.dialog) await page.keyboard.press("Escape");
        return { requests: structuredClone(end.requests), after };
      }));
      assert.deepEqual(results[0], results[1], key);
      effects.add(JSON.stringify(results[0]));
    }
    assert.ok(effects.size > keys.length / 2);
  });
});
