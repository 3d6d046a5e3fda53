// Keeps a connection to the server, and computes the value of each clock between its reports.
//
// A report has a value, its rate and the server's time. The page maps that time to its own steady time by the
// offset of the quickest of the last round trips. Therefore a step of UTC, here or on the server, moves no clock.

const PING_EVERY = 1000; // ms
const LOST_AFTER = 2500; // without a message
const ROUND_TRIPS = 20; // that count for the offset
const JUMP = 1500; // of the page's UTC against its steady time: the machine slept, or its clock was set

const NS = 1e6; // in a ms
const now = () => performance.now();

export class Link extends EventTarget {
  clocks = new Map(); // by "kind/id", in the order of the server
  state = null; // the last state message
  offset = null; // ms from the page's steady time to the server's UTC
  roundTrip = null; // ms, of the measurement of `offset`

  #socket = null;
  #heard = -Infinity;
  #trips = [];
  #skew = Date.now() - now();
  #wasLost = true;

  constructor() {
    super();
    this.#connect();
    setInterval(() => this.#beat(), PING_EVERY);
    setInterval(() => this.#watch(), 100);
  }

  // Whether the page can vouch for what it shows.
  get live() {
    return this.state !== null && now() - this.#heard < LOST_AFTER;
  }

  // Returns the value of a clock now, in ns.
  value(clock) {
    let passed = (now() - clock.at) * NS;
    if (clock.expires_in_ns !== null) passed = Math.min(passed, clock.expires_in_ns);
    return clock.value_ns + clock.rate * Math.max(0, Math.floor(passed));
  }

  #connect() {
    const address = location.origin.replace(/^http/, "ws") + "/ws";
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#trips = [];
    let first = true;
    socket.onopen = () => this.#beat();
    socket.onmessage = (event) => {
      if (this.#socket !== socket) return;
      const message = JSON.parse(event.data);
      this.#heard = now();
      if (first) this.clocks.clear(); // another server counts its revisions anew
      first = false;
      this.#take(message);
    };
    socket.onclose = () => {
      if (this.#socket === socket) setTimeout(() => this.#connect(), 500);
    };
  }

  #beat() {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ type: "ping", t: now() }));
    }
  }

  #watch() {
    const skew = Date.now() - now();
    if (Math.abs(skew - this.#skew) > JUMP) {
      // Vouches no longer than half a second without an answer.
      this.#heard = Math.min(this.#heard, now() - LOST_AFTER + 500);
      this.#beat();
    }
    this.#skew = skew;
    if (this.live !== !this.#wasLost) {
      this.#wasLost = !this.live;
      this.dispatchEvent(new Event("change"));
    }
    const silent = now() - this.#heard > 2 * LOST_AFTER;
    if (silent && this.#socket.readyState === WebSocket.OPEN) {
      const stuck = this.#socket;
      this.#socket = null;
      stuck.close();
      this.#connect();
    }
  }

  #take(message) {
    if (message.type === "pong") return this.#measure(message);
    if (message.type === "state") this.#takeState(message);
    if (message.type === "report") this.#takeReport(message);
    this.dispatchEvent(new MessageEvent(message.type, { data: message }));
    this.dispatchEvent(new Event("change"));
  }

  #measure(pong) {
    const trip = { length: now() - pong.t };
    trip.offset = pong.server_utc_ns / NS - (pong.t + trip.length / 2);
    this.#trips.push(trip);
    if (this.#trips.length > ROUND_TRIPS) this.#trips.shift();
    const best = this.#trips.reduce((a, b) => (b.length < a.length ? b : a));
    // Two measurements that contradict each other: the server's UTC was set.
    if (Math.abs(best.offset - trip.offset) > (best.length + trip.length) / 2 + 1) {
      this.#trips = [trip];
      this.#use(trip);
    } else {
      this.#use(best);
    }
  }

  #use(trip) {
    this.offset = trip.offset;
    this.roundTrip = trip.length;
  }

  // Returns the instant of a message on the page's steady time line.
  #instant(message) {
    const utc = message.server_utc_ns / NS;
    const at = this.offset === null ? NaN : utc - this.offset;
    if (at <= now() + 50 && at > now() - 2000) return at;
    this.#trips = []; // no offset yet, or the server's UTC was set
    this.offset = utc - now();
    this.#beat();
    return now();
  }

  #takeState(state) {
    const at = this.#instant(state);
    const before = this.clocks;
    this.clocks = new Map();
    for (const clock of state.clocks) {
      const key = `${clock.kind}/${clock.id}`;
      const older = before.get(key);
      const newer = older && older.revision > state.revision;
      this.clocks.set(key, newer ? older : { ...clock, key, at, revision: state.revision });
    }
    this.state = state;
  }

  #takeReport(report) {
    const key = `${report.kind}/${report.id}`;
    const known = this.clocks.get(key);
    if (known && known.revision >= report.revision) return;
    this.clocks.set(key, { ...report, key, at: this.#instant(report) });
  }
}

// Returns "M:SS", from an hour on "H:MM:SS", with tenths below `tenthsBelow` seconds: the rules of the library. A down
// clock shows the ceiling, an up clock the floor.
export function clockText(ns, direction, tenthsBelow = 0) {
  const round = direction === "down" ? Math.ceil : Math.floor;
  let tenths = round(ns / 1e8);
  const withTenths = tenths < tenthsBelow * 10;
  if (!withTenths) tenths = round(ns / 1e9) * 10;
  tenths = Math.abs(tenths);
  const seconds = Math.floor(tenths / 10);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const two = (number) => String(number).padStart(2, "0");
  let text = ns < 0 ? "-" : "";
  if (hours > 0) text += `${hours}:${two(minutes % 60)}:`;
  else if (minutes > 0 || !withTenths) text += `${minutes}:`;
  text += withTenths && minutes === 0 ? seconds : two(seconds % 60);
  return withTenths ? `${text}.${tenths % 10}` : text;
}

// Calls `draw` before each frame, and from a timer where the browser draws no frames.
export function everyFrame(draw) {
  const frame = () => {
    draw();
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  setInterval(draw, 25);
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
