// Keeps a connection to the server, and maps the server's steady time to the page's.
//
// The map is the offset of the quickest of the last round trips. Therefore a step of UTC, here or on the server, moves
// nothing that a page computes from `instant`.
//
// Events:
//
//   "connect"      before the messages of a connection, which wait for a state and a round trip
//   "state", ...   after each message, by its type; the data is the message
//   "refined"      the offset is better known; the data is the ms to add to earlier instants
//   "change"       the page must draw again

const PING_EVERY = 1000; // ms
const LOST_AFTER = 2500; // without a message
const FIRST_PINGS = 5; // at once, 100 ms apart
const ROUND_TRIPS = 20; // that count for the offset
const JUMP = 1500; // of the page's UTC against its steady time: the machine slept, or its clock was set

export const NS = 1e6; // in a ms
export const now = () => performance.now();
const stamp = (message) => message.server_steady_ns / NS;

export class Link extends EventTarget {
  state = null; // the last state message
  offset = null; // ms from the page's steady time to the server's
  roundTrip = null; // ms, of the measurement of `offset`
  ahead = null; // ms that the server's UTC is ahead of the page's

  #socket = null;
  #began = 0; // the connection
  #heard = -Infinity; // the last message that counts
  #early = null; // messages of a connection without a round trip and a state; null with both
  #trips = [];
  #skew = Date.now() - now();
  #wasLive = false;

  constructor() {
    super();
    this.#connect();
    setInterval(() => this.#beat(), PING_EVERY);
    setInterval(() => this.#watch(), 100);
  }

  // Returns true while the page can vouch for what it shows.
  get live() {
    return this.state !== null && now() - this.#heard < LOST_AFTER && !this.#jumped();
  }

  // Returns the instant of a message on the page's steady timeline.
  instant(message) {
    return stamp(message) - this.offset;
  }

  #connect() {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");
    this.#socket?.close();
    this.#socket = socket;
    this.#began = now();
    this.#early = [];
    this.#trips = [];
    this.offset = null;
    socket.onopen = () => {
      for (let i = 0; i < FIRST_PINGS; ++i) setTimeout(() => this.#beat(), 100 * i);
    };
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#hear(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (this.#socket === socket) setTimeout(() => this.#socket === socket && this.#connect(), 500);
    };
  }

  #beat() {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ type: "ping", t: now() }));
    }
  }

  // A sleep and a step of UTC look the same to a page: after either, the offset may be wrong.
  #jumped() {
    return Math.abs(Date.now() - now() - this.#skew) > JUMP;
  }

  #watch() {
    const jumped = this.#jumped();
    this.#skew = Date.now() - now();
    if (jumped) this.#heard = -Infinity;
    if (this.live !== this.#wasLive) {
      this.#wasLive = this.live;
      this.dispatchEvent(new Event("change"));
    }
    const stuck = now() - Math.max(this.#heard, this.#began) > 2 * LOST_AFTER;
    if (jumped || (stuck && this.#socket.readyState <= WebSocket.OPEN)) this.#connect();
  }

  // Perhaps another server answers, with another steady time. The page keeps what it had until it can place a state.
  #hear(message) {
    const early = this.#early;
    if (message.type === "pong") this.#measure(message);
    if (early) {
      if (message.type !== "pong") early.push(message);
      if (this.#trips.length === 0 || early.every(({ type }) => type !== "state")) return;
      this.#early = null;
      this.dispatchEvent(new Event("connect"));
    }
    this.#heard = now();
    for (const one of early ?? [message]) this.#take(one);
  }

  #take(message) {
    if (message.type === "pong") return;
    if (message.type === "state") this.state = message;
    this.dispatchEvent(new MessageEvent(message.type, { data: message }));
    this.dispatchEvent(new Event("change"));
  }

  #measure(pong) {
    const length = now() - pong.t;
    const trip = {
      length,
      offset: stamp(pong) - (pong.t + length / 2),
      ahead: pong.server_utc_ns / NS - (Date.now() - length / 2),
    };
    const contradicts = (other) => Math.abs(other.offset - trip.offset) > (other.length + trip.length) / 2 + 1;
    if (this.#trips.some(contradicts)) this.#trips = []; // the page's steady time stood still meanwhile
    this.#trips.push(trip);
    if (this.#trips.length > ROUND_TRIPS) this.#trips.shift();
    const best = this.#trips.reduce((a, b) => (b.length < a.length ? b : a));
    const later = (this.offset ?? best.offset) - best.offset;
    this.offset = best.offset;
    this.roundTrip = best.length;
    this.ahead = trip.ahead;
    if (later !== 0 && !this.#early) this.dispatchEvent(new MessageEvent("refined", { data: later }));
  }
}
