// What the tests of pages share: a service, a browser, pages whose clocks a test can move.
//
// tests/browser/run starts each test, and installs playwright-core for it.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Returns the first true value of `wanted()`.
export async function waitUntil(wanted, seconds = 30) {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const value = await wanted();
    if (value) return value;
    await sleep(20);
  }
  throw new Error(`not within ${seconds} s: ${wanted}`);
}

// A folder that the end of the test removes.
export function temporaryFolder(test) {
  const folder = mkdtempSync(join(tmpdir(), "masterclock-pages-"));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// A running `PROGRAM serve`, or a program with another `command`, which ends with the test.
export class Service {
  static async start(test, program, options, port = 0, command = ["serve", "--token", "secret"]) {
    const service = new Service();
    service.process = spawn(program, [...command, "--port", String(port), ...options], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    service.errors = "";
    service.process.stderr.on("data", (data) => (service.errors += data));
    test.after(() => service.kill());
    const [line] = await Promise.race([
      once(createInterface(service.process.stdout), "line"),
      once(service.process, "exit").then(() => [`ended: ${service.errors}`]),
    ]);
    if (!line.startsWith("listening on http://")) throw new Error(line);
    service.address = line.slice("listening on ".length);
    service.port = Number(new URL(service.address).port);
    return service;
  }

  signal(name) {
    this.process.kill(name);
  }

  async kill() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.signal("SIGKILL");
    await once(this.process, "exit");
  }

  async get(path) {
    return (await fetch(this.address + path)).json();
  }

  // Sends a command with the token. Returns the answer, which must be a success.
  async post(path, body) {
    const answer = await fetch(this.address + path, {
      method: "POST",
      headers: { Authorization: "Bearer secret" },
      body: JSON.stringify({ command_id: randomUUID(), ...body }),
    });
    const result = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${result.error}`);
    return result;
  }
}

// Starts Chromium, which ends with the test.
export async function openBrowser(test) {
  const { chromium } = createRequire(join(process.env.MASTERCLOCK_NODE_MODULES, "_"))("playwright-core");
  const browser = await chromium.launch({ executablePath: process.env.MASTERCLOCK_CHROMIUM });
  test.after(() => browser.close());
  return browser;
}

// Runs in each page before its scripts: lets the test move what the page reads as time, and delay what it receives.
function movableClocks() {
  const date = Date.now.bind(Date);
  const steady = performance.now.bind(performance);
  let utcMoved = 0, steadyMoved = 0;
  Date.now = () => date() + utcMoved;
  performance.now = () => steady() + steadyMoved;
  window.testClocks = {
    utc: () => performance.timeOrigin + steady(), // the true one
    setUtc: (ms) => (utcMoved += ms), // an operator, or NTP
    // As a laptop sleeps: nothing runs, UTC goes on, and steady time stands (Linux, macOS) or goes on (Windows).
    sleep(ms, steadyStands) {
      const end = steady() + ms;
      while (steady() < end);
      if (steadyStands) steadyMoved -= ms;
    },
    delay: 0, // ms, of each message to the page
  };
  window.WebSocket = class extends WebSocket {
    set onmessage(take) {
      super.onmessage = (event) => (window.testClocks.delay > 0 ? setTimeout(take, window.testClocks.delay, event) : take(event));
    }
  };
}

// Records what a page shows after each frame. Returns a function that ends the recording and returns its frames: the
// UTC in ms at the begin and the end of the frame, and the text of each selector, null for a hidden element.
export async function record(page, selectors) {
  await page.evaluate((wanted) => {
    const frames = [];
    let begin = 0, ended = false;
    const { port1: drawn, port2: afterFrame } = new MessageChannel();
    const text = (selector) => {
      const element = document.querySelector(selector);
      return element?.checkVisibility({ checkVisibilityCSS: true }) ? element.textContent : null;
    };
    const next = () => {
      begin = window.testClocks.utc();
      requestAnimationFrame(next);
      drawn.postMessage(null);
    };
    afterFrame.onmessage = () => {
      if (!ended) frames.push({ begin, texts: wanted.map(text), end: window.testClocks.utc() });
    };
    requestAnimationFrame(next);
    window.testRecording = () => {
      ended = true;
      return frames;
    };
  }, selectors);
  return () => page.evaluate(() => window.testRecording());
}

// Opens a page in a new context. An error of its scripts fails the test.
export async function openPage(test, browser, address, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.addInitScript(movableClocks);
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  test.after(() => {
    if (errors.length > 0) throw new Error(`${address}: ${errors.join("; ")}`);
  });
  await page.goto(address);
  return page;
}

// Returns the UTC in ms and the text of an element, just after the page has drawn a frame.
export function sample(page, selector) {
  return page.evaluate(
    (wanted) =>
      new Promise((done) =>
        requestAnimationFrame(() => {
          const element = document.querySelector(wanted);
          const shown = element !== null && element.checkVisibility({ checkVisibilityCSS: true });
          done({ utc: window.testClocks.utc(), text: shown ? element.textContent : null });
        }),
      ),
    selector,
  );
}
