// Drives the page of the director in Chromium:
//
//   tests/browser/run FOLDER real_pages_test.mjs DIRECTOR
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { Service, openBrowser, openPage, record, sleep, temporaryFolder, waitUntil } from "../browser/harness.mjs";

const [program] = process.argv.slice(2);
const NS = 1e6; // in a ms
const COMMANDS = ["Start", "Pause", "Resume", "Skip", "Take", "Force", "Release", "Hold", "Go", "Stop", "Reset",
  "UpdateStreamStatus", "Configure"];

async function open(t, scenes) {
  const file = join(temporaryFolder(t), "show.json");
  writeFileSync(file, JSON.stringify({ looping: false, scenes }));
  const service = await Service.start(t, program, ["--rundown", file]);
  const page = await openPage(t, await openBrowser(t), `${service.address}#secret`);
  await page.waitForFunction(() => document.querySelector("#contact").textContent === "connected");
  return { service, page };
}

const scenes = ["A", "B", "C"].map((name) => ({ name, duration_ms: 600_000 }));
const text = (page, selector) => page.textContent(selector);

test("after a hundred pauses the playhead is within 50 ms of the server's", async (t) => {
  const { service, page } = await open(t, scenes);
  await service.post("api/commands", { command: "Start" });
  for (let i = 0; i < 100; ++i) {
    await sleep(Math.random() * 30);
    await service.post("api/commands", { command: "Pause" });
    await sleep(Math.random() * 30);
    await service.post("api/commands", { command: "Resume" });
  }
  const state = await service.get("api/state");
  const behind = [];
  for (let i = 0; i < 50; ++i) {
    await sleep(20);
    const shown = await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => done({
      utc: window.testClocks.utc(),
      position: Number(document.body.dataset.positionNs),
      left: parseFloat(document.querySelector("#playhead").style.left),
    }))));
    const wanted = state.position_ns + shown.utc * NS - state.server_utc_ns;
    behind.push((wanted - shown.position) / NS);
    assert.ok(Math.abs(shown.left - (100 * shown.position) / (1_800_000 * NS)) < 1e-3, JSON.stringify(shown));
  }
  const worst = Math.max(...behind.map(Math.abs));
  t.diagnostic(`the page is at worst ${worst.toFixed(1)} ms off`);
  assert.ok(worst < 50, JSON.stringify(behind));
});

test("each command has a button with a key, and the keys work", async (t) => {
  const { service, page } = await open(t, scenes);
  const buttons = await page.$$eval("#commands button", (all) =>
    all.map((button) => [button.querySelector("span").textContent, button.querySelector("kbd").textContent]));
  assert.deepEqual(buttons.map(([name]) => name).sort(), [...COMMANDS].sort());
  assert.equal(new Set(buttons.map(([, key]) => key)).size, COMMANDS.length);
  const press = async (key, wanted) => {
    await page.keyboard.press(key);
    return waitUntil(async () => wanted(await service.get("api/state")));
  };
  await press("s", (state) => state.state === "running");
  await press("p", (state) => state.state === "paused");
  await press("r", (state) => state.state === "running");
  await press(" ", (state) => state.scene === "B");
  await press("h", (state) => state.held);
  await press("g", (state) => !state.held);
  await page.fill("#scene", "C");
  await page.locator("h1").click();
  await press("f", (state) => state.forced && state.on_air === "C");
  await waitUntil(async () => (await text(page, "#on-air")) === "C");
  await press("x", (state) => !state.forced);
  await press("t", (state) => state.scene === "C");
  await page.check("#streaming");
  await page.locator("h1").click();
  await press("u", (state) => state.stream.streaming);
  await press("k", (state) => state.state === "stopped");
  await press("0", (state) => state.state === "idle");
});

test("a laptop that slept shows no old time", async (t) => {
  const { service, page } = await open(t, scenes);
  await service.post("api/commands", { command: "Start" });
  await waitUntil(async () => (await text(page, "#on-air")) === "A");
  const state = await service.get("api/state");
  const recording = await record(page, ["#left"]);
  await page.evaluate(() => window.testClocks.sleep(4000, true));
  await sleep(1000);
  await waitUntil(() => page.isVisible("#left"));
  const frames = await recording();
  assert.ok(frames.length > 0);
  for (const { begin, end, texts: [left] } of frames) {
    if (left === null) continue;
    const [minutes, seconds] = left.split(":").map(Number);
    const shown = (minutes * 60 + seconds) * 1000; // rounded up
    const wanted = (utc) => (state.scene_left_ns + state.server_utc_ns) / NS - utc;
    assert.ok(shown > wanted(end) - 50 && shown < wanted(begin) + 1050, `${left}, expected ${wanted(begin)} ms`);
  }
});

test("the page says within 3 s that contact is lost, and goes on when the server does", async (t) => {
  const { service, page } = await open(t, scenes);
  await service.post("api/commands", { command: "Start" });
  await waitUntil(async () => (await text(page, "#on-air")) === "A");
  await sleep(1000);
  const begin = performance.now();
  service.signal("SIGSTOP");
  await waitUntil(async () => (await text(page, "#contact")) === "no contact");
  const after = performance.now() - begin;
  t.diagnostic(`contact is lost after ${after.toFixed(0)} ms`);
  assert.ok(after < 3000, `${after} ms`);
  assert.ok(await page.isVisible("#lost"));
  assert.ok(!(await page.isVisible("#on-air")));
  await waitUntil(async () => !(await page.isVisible("#playhead")));
  service.signal("SIGCONT");
  await waitUntil(async () => (await text(page, "#contact")) === "connected");
  assert.ok(await page.isVisible("#on-air"));
});
