// Computes the value of each clock between its reports. A report has a value and its rate.
import { Link, NS, now } from "/pages/link.js";
export { clockText } from "/pages/clock_text.js";
export { everyFrame } from "/pages/every_frame.js";

export class ClockLink extends Link {
  clocks = new Map(); // by "kind/id", in the order of the server

  constructor() {
    super();
    this.addEventListener("connect", () => this.clocks.clear()); // another server counts its revisions anew
    this.addEventListener("refined", ({ data }) => this.clocks.forEach((clock) => (clock.at += data)));
    this.addEventListener("state", ({ data }) => this.#takeState(data));
    this.addEventListener("report", ({ data }) => this.#takeReport(data));
  }

  // Returns the value of a clock now, in ns.
  value(clock) {
    let passed = (now() - clock.at) * NS;
    if (clock.expires_in_ns !== null) passed = Math.min(passed, clock.expires_in_ns);
    return clock.value_ns + clock.rate * Math.max(0, Math.floor(passed));
  }

  #takeState(state) {
    const at = this.instant(state);
    const before = this.clocks;
    this.clocks = new Map();
    for (const clock of state.clocks) {
      const key = `${clock.kind}/${clock.id}`;
      const older = before.get(key);
      const newer = older && older.revision > state.revision;
      this.clocks.set(key, newer ? older : { ...clock, key, at, revision: state.revision });
    }
  }

  #takeReport(report) {
    const key = `${report.kind}/${report.id}`;
    const known = this.clocks.get(key);
    if (known && known.revision >= report.revision) return;
    this.clocks.set(key, { ...report, key, at: this.instant(report) });
  }
}

// Returns the clocks that the address names (?clock=play/1&clock=period/1), or all.
export function chosenClocks(link) {
  const names = new URLSearchParams(location.search).getAll("clock");
  if (names.length === 0) return [...link.clocks.values()];
  return names.map((name) => link.clocks.get(name)).filter(Boolean);
}

let audio = null;

// Prepares the sound. The browser permits that after a click or a key only.
export function enableHorn() {
  audio ??= new AudioContext();
  audio.resume();
}

export function soundHorn() {
  if (audio === null) return;
  const volume = audio.createGain();
  volume.gain.setValueAtTime(0.25, audio.currentTime);
  volume.gain.setTargetAtTime(0, audio.currentTime + 1.2, 0.1);
  volume.connect(audio.destination);
  for (const frequency of [220, 277, 330]) {
    const tone = audio.createOscillator();
    tone.type = "sawtooth";
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start();
    tone.stop(audio.currentTime + 2);
  }
}
