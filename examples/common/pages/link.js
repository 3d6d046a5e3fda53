// Keeps a connection to the server, and maps the server's time to the page's steady time.
//
// The map is the offset of the quickest of the last round trips. Therefore a step of UTC, here or on the server, moves
// nothing that a page computes from `instant`.
//
// Events:
//
//   "connect"      before the first message of a connection
//   "state", ...   after each message, by its type; the data is the message
//   "refined"      the offset is better known; the data is the ms to add to earlier instants
//   "change"       the page must draw again

const PING_EVERY = 1000; // ms
const LOST_AFTER = 2500; // without a message
const ROUND_TRIPS = 20; // that count for the offset
const JUMP = 1500; // of the page's UTC against its steady time: the machine slept, or its clock was set

export const NS = 1e6; // in a ms
export const now = () => performance.now();

export class Link extends EventTarget {
  state = null; // the last state message
  offset = null; // ms from the page's steady time to the server's UTC
  roundTrip = null; // ms, of the measurement of `offset`

  #socket = null;
  #heard = -Infinity;
  #trips = [];
  #skew = Date.now() - now();
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

  // Returns the instant of a message, which has just come, on the page's steady timeline.
  instant(message) {
    const utc = message.server_utc_ns / NS;
    const at = this.offset === null ? NaN : utc - this.offset;
    if (at <= now() + 50 && at > now() - 2000) return at;
    this.#trips = []; // no offset yet, or the server's UTC was set
    this.offset = utc - now();
    this.#beat();
    return now();
  }

  #connect() {
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");
    this.#socket = socket;
    this.#trips = [];
    let first = true;
    socket.onopen = () => this.#beat();
    socket.onmessage = (event) => {
      if (this.#socket !== socket) return;
      this.#heard = now();
      if (first) this.dispatchEvent(new Event("connect"));
      first = false;
      this.#take(JSON.parse(event.data));
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
    if (this.live !== this.#wasLive) {
      this.#wasLive = this.live;
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
    if (message.type === "state") this.state = message;
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
    const wasSet = Math.abs(best.offset - trip.offset) > (best.length + trip.length) / 2 + 1;
    if (wasSet) this.#trips = [trip];
    const before = this.offset;
    ({ offset: this.offset, length: this.roundTrip } = wasSet ? trip : best);
    const later = before - this.offset;
    if (before !== null && !wasSet && later !== 0) this.dispatchEvent(new MessageEvent("refined", { data: later }));
  }
}
