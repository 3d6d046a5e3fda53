// Keeps a connection to the server, and computes the position between its messages.
//
// A state has a position and the server's time. The page maps that time to its own steady time by the offset of the
// quickest of the last round trips. Therefore a step of UTC, here or on the server, moves no playhead for long.

const PING_EVERY = 500; // ms
const LOST_AFTER = 2500; // without a message
const ROUND_TRIPS = 10; // that count for the offset

const NS = 1e6; // in a ms
const now = () => performance.now();

export class Link extends EventTarget {
  state = null; // the last state of the server
  connections = 0; // so far: another server counts its sequences anew

  #at = 0; // the instant of `state`, on the page's steady time line
  #offset = null; // ms from the page's steady time to the server's UTC
  #trips = [];
  #heard = -Infinity;
  #socket = null;
  #wasLive = false;

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

  // Returns the time since the state, in ns, as far as the timeline moved.
  get moved() {
    const { state, scene_left_ns: left, held } = this.state;
    if (state !== "running") return 0;
    const passed = Math.max(0, now() - this.#at) * NS;
    return held ? Math.min(passed, left ?? 0) : passed;
  }

  // Returns the position in the cycle now, in ns.
  get position() {
    return this.state.position_ns + this.moved;
  }

  #connect() {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");
    this.#socket = socket;
    ++this.connections;
    this.#trips = [];
    this.#offset = null;
    socket.onopen = () => this.#beat();
    socket.onmessage = (event) => {
      if (this.#socket !== socket) return;
      const message = JSON.parse(event.data);
      this.#heard = now();
      if (message.type === "pong") this.#measure(message);
      if (message.type === "state") this.#take(message);
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
    if (this.live !== this.#wasLive) {
      this.#wasLive = this.live;
      this.dispatchEvent(new Event("change"));
    }
    if (now() - this.#heard > 2 * LOST_AFTER && this.#socket.readyState === WebSocket.OPEN) {
      const stuck = this.#socket;
      this.#socket = null;
      stuck.close();
      this.#connect();
    }
  }

  #measure(pong) {
    const length = now() - pong.t;
    this.#trips.push({ length, offset: pong.server_utc_ns / NS - (pong.t + length / 2) });
    if (this.#trips.length > ROUND_TRIPS) this.#trips.shift();
    const before = this.#offset;
    this.#offset = this.#trips.reduce((a, b) => (b.length < a.length ? b : a)).offset;
    if (before !== null) this.#at += before - this.#offset;
  }

  #take(state) {
    const utc = state.server_utc_ns / NS;
    this.#offset ??= utc - now();
    this.#at = Math.min(utc - this.#offset, now());
    if (now() - this.#at > LOST_AFTER) {
      this.#trips = []; // the server's UTC was set
      this.#offset = utc - now();
      this.#at = now();
    }
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}
