// The sender of signals for a service's own pages: no dependency, no cookie, no identifier of its own, nothing kept in
// the browser. `endpoint` is a path of the service's own server, which knows who is logged in and hands on to
// /v1/subjects/{subject}/signals and …/permissions with its credential.
//
//   import { Signals } from "./signals.js";
//   const signals = new Signals("/signals");
//   await signals.start();                    // asks what may be sent; until the answer is there, nothing is noted
//   signals.note("analytics", "function_used", { function: "search" });
//
// Nothing is noted, so nothing can be sent, for a purpose that is not open: before the notice was shown, before
// consent was given, and after it was withdrawn.

const MOST = 100;
const EVERY = 10_000;

export class Signals {
  #endpoint;
  #fetch;
  #open = {};
  #giveBack = [];
  #waiting = new Map();
  #timer;

  constructor(endpoint, { fetch = globalThis.fetch.bind(globalThis) } = {}) {
    this.#endpoint = endpoint;
    this.#fetch = fetch;
  }

  // Asks what may be sent. Call it after the notice, after log-in, and after every answer to a question of consent.
  async start() {
    try {
      const response = await this.#fetch(this.#endpoint, { credentials: "same-origin", cache: "no-store" });
      this.#told(response.ok ? await response.json() : {});
    } catch {
      this.#told({});
    }
    return this.#giveBack;
  }

  // Items whose permission the app should give back to the device.
  get giveBack() {
    return [...this.#giveBack];
  }

  // Whether an event would be taken.
  isOpen(purpose, item) {
    return Boolean(this.#open[purpose]?.includes(item));
  }

  // Notes an event; gives whether it was noted.
  note(purpose, item, fields = {}) {
    if (!this.isOpen(purpose, item)) return false;
    const waiting = this.#waiting.get(purpose) ?? [];
    waiting.push({ item, at: new Date().toISOString(), fields });
    this.#waiting.set(purpose, waiting);
    if (waiting.length >= MOST) void this.send();
    else this.#timer ??= setTimeout(() => void this.send(), EVERY);
    return true;
  }

  // Sends what waits. What is refused is dropped: the answer is no, not later.
  async send() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batches = [...this.#waiting];
    this.#waiting.clear();
    for (const [purpose, events] of batches) {
      for (let from = 0; from < events.length; from += MOST) {
        await this.#post("POST", this.#endpoint, { purpose, events: events.slice(from, from + MOST) });
      }
    }
  }

  // Tells what the device permits, by item: "granted", "limited" or "denied"; gives what to give back.
  async permissions(states) {
    const answer = await this.#post("PUT", `${this.#endpoint}/permissions`, states);
    if (answer) this.#told(answer);
    return this.giveBack;
  }

  async #post(method, to, body) {
    try {
      const headers = { "content-type": "application/json" };
      const sent = { method, headers, body: JSON.stringify(body), credentials: "same-origin", keepalive: true };
      const response = await this.#fetch(to, sent);
      if (response.ok) return await response.json();
      // The gate said no: ask anew what is open before anything else is noted.
      if (response.status === 401 || response.status === 403 || response.status === 404) this.#told({});
    } catch {
      // Not reached: the events are gone, which is better than keeping them.
    }
    return undefined;
  }

  #told({ open = {}, give_back: giveBack = [] }) {
    this.#open = open;
    this.#giveBack = giveBack;
    for (const [purpose, events] of this.#waiting) {
      const left = events.filter((event) => this.isOpen(purpose, event.item));
      if (left.length > 0) this.#waiting.set(purpose, left);
      else this.#waiting.delete(purpose);
    }
  }
}
