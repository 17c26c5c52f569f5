/**
 * The live stream: one connection for all tabs of a browser.
 *
 * A browser opens at most six connections to one host over HTTP/1.1, over all tabs, so one EventSource each would
 * starve the seventh tab's requests. A Web Lock elects one tab as the leader; it holds the EventSource and passes
 * every frame on over a BroadcastChannel. Without Web Locks (plain http on another machine) each tab connects for
 * itself.
 *
 * Places are kept per topic: with one for all, a new leader would move past events of topics that the other tabs
 * name a moment later, and those would be lost.
 */
import { untrack } from 'svelte';
import { backoff } from './backoff.ts';
import { isBefore, isKnown, type Place } from './place.ts';

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'paused';

/** What Forge sends. `id` is the frame's place, '' for what is not kept (hello, ping, progress). */
export interface Frame {
  type: string;
  topic: string;
  at: number;
  payload: any;
  id: Place;
}

export interface Subscription {
  /** `state`, `deploy:42` or `instance:a1b2c3`. */
  topic: string;
  /** All up to here is known already; without it the topic begins at the present. */
  since?: Place;
  onFrame: (frame: Frame) => void;
  /** Load the present now, frames from here on follow: the topic was opened at the present, or anew after a gap. */
  onGap?: () => void;
}

/** A topic that a tab follows; `fresh`: it hears nothing of it before a connection begins at `since` or earlier. */
interface Want {
  topic: string;
  since?: Place;
  fresh: boolean;
}
type Places = Record<string, Place>;
type Message =
  | { kind: 'frame'; frame: Frame }
  | { kind: 'status'; connection: Connection; changed: number; retryAt: number; at: Places }
  | { kind: 'want'; tab: string; wants: Want[]; visible: boolean }
  | { kind: 'who' }
  | { kind: 'retry' }
  | { kind: 'bye'; tab: string };

const SILENCE = 25_000; // milliseconds without a frame after which a connection is dead: Forge pings every 10 s
const HIDDEN = 5 * 60_000; // milliseconds after which nobody looks
const COALESCE = 30; // milliseconds in which changes of topics become one new connection
const OFFLINE_AFTER = 3; // failed tries

export interface LiveOptions {
  url: string;
  name?: string;
  EventSource?: typeof EventSource;
  locks?: LockManager | null;
  channel?: BroadcastChannel | null;
  random?: () => number;
  /** The connection failed: perhaps nobody is signed in any more. */
  onFail?: () => void;
}

/** Until it is opened, frames of its topic are somebody else's: earlier ones may be missing. */
interface Held extends Subscription {
  opened: boolean;
}

const isOut = (connection: Connection) => connection === 'reconnecting' || connection === 'offline';

const earlier = (one: Place | undefined, other: Place | undefined) =>
  one === undefined || (other !== undefined && isBefore(other, one)) ? other : one;

export class Live {
  connection = $state<Connection>('connecting');
  /** Since when it is so, and when it is tried again (0: not planned); milliseconds. */
  changed = $state(Date.now());
  retryAt = $state(0);
  /** Forge's version as the first hello said it, and as the newest did: the page may be older than Forge. */
  version = $state('');
  newVersion = $state('');
  leader = $state(false);

  readonly tab = Math.random().toString(36).slice(2, 10);
  readonly #options: LiveOptions;
  readonly #locks: LockManager | null;
  readonly #subscriptions = new Set<Held>();
  readonly #peers = new Map<string, { wants: Want[]; visible: boolean }>();
  /** What was heard last of each topic of the connection. */
  readonly #at = new Map<string, Place>();
  #channel: BroadcastChannel | null = null;
  #source: EventSource | null = null;
  #open: string[] = [];
  #started = false;
  #asleep = false;
  #attempt = 0;
  #lastId = '';
  #heardAt = 0;
  #retryTimer?: ReturnType<typeof setTimeout>;
  #changeTimer?: ReturnType<typeof setTimeout>;
  #hideTimer?: ReturnType<typeof setTimeout>;
  #watchTimer?: ReturnType<typeof setInterval>;
  #release: (() => void) | null = null;
  #abort = new AbortController();

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#locks = options.locks === undefined ? (globalThis.navigator?.locks ?? null) : options.locks;
  }

  /** Connect, or join the tab that is connected. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#abort = new AbortController();
    const name = this.#options.name ?? 'forge-live';
    this.#channel =
      this.#options.channel === undefined ? new BroadcastChannel(name) : (this.#options.channel ?? null);
    this.#channel?.addEventListener('message', (event) => this.#hear(event.data as Message));
    const { signal } = this.#abort;
    addEventListener('pagehide', () => this.#leave(), { signal });
    addEventListener('pageshow', (event) => event.persisted && this.#changedTopics(), { signal });
    addEventListener('online', () => this.retry(), { signal });
    document.addEventListener('visibilitychange', () => this.#lookedAt(), { signal });
    this.#watchTimer = setInterval(() => this.#watch(), 5000);
    if (this.#locks && this.#channel) this.#stand(name);
    else this.#lead();
  }

  /** Close everything; subscriptions stay for the next start. */
  stop(): void {
    if (!this.#started) return;
    this.#started = false;
    this.#leave();
    this.#abort.abort();
    this.#release?.();
    clearInterval(this.#watchTimer);
    clearTimeout(this.#hideTimer);
    this.#channel?.close();
    this.leader = false;
    this.#open = [];
    for (const held of this.#subscriptions) held.opened = false;
  }

  /** Follow a topic until the returned function is called. */
  subscribe(subscription: Subscription): () => void {
    const held: Held = { ...subscription, opened: false };
    this.#subscriptions.add(held);
    // untracked: an effect that subscribes is not to run again because the connection changed
    if (untrack(() => this.leader && this.connection === 'live'))
      queueMicrotask(() => this.#opened(this.#places()));
    this.#changedTopics();
    return () => {
      if (this.#subscriptions.delete(held)) this.#changedTopics();
    };
  }

  /** Try again now rather than when it is planned. */
  retry(): void {
    if (this.connection === 'live' || !this.#started) return;
    this.#attempt = 0;
    if (this.leader) this.#connect();
    else this.#post({ kind: 'retry' });
  }

  // ---- who connects

  #stand(name: string): void {
    const held = () =>
      new Promise<void>((done) => {
        this.#release = done; // the browser frees the lock when the tab goes, even by a crash
        this.#lead();
      });
    this.#locks!.request(name, { signal: this.#abort.signal }, held).catch(() => {
      // aborted by stop()
    });
    this.#announce();
  }

  #lead(): void {
    this.leader = true;
    this.#post({ kind: 'who' });
    this.#connect();
  }

  #leave(): void {
    this.#post({ kind: 'bye', tab: this.tab });
    this.#close();
    clearTimeout(this.#changeTimer);
  }

  #hear(message: Message): void {
    if (this.leader) return this.#hearAsLeader(message);
    if (message.kind === 'frame') this.#deliver(message.frame);
    else if (message.kind === 'who') this.#announce();
    else if (message.kind === 'status') {
      this.connection = message.connection;
      this.changed = message.changed;
      this.retryAt = message.retryAt;
      if (message.connection === 'live') this.#opened(message.at);
    }
  }

  #hearAsLeader(message: Message): void {
    if (message.kind === 'want') {
      this.#peers.set(message.tab, { wants: message.wants, visible: message.visible });
      this.#lookedAt();
      this.#changedTopics();
    } else if (message.kind === 'bye') {
      if (this.#peers.delete(message.tab)) this.#changedTopics();
    } else if (message.kind === 'retry') this.retry();
  }

  #announce(): void {
    const wants = this.#own();
    this.#post({ kind: 'want', tab: this.tab, wants, visible: document.visibilityState !== 'hidden' });
  }

  #post(message: Message): void {
    try {
      this.#channel?.postMessage(message);
    } catch {
      // closed already: nobody listens
    }
  }

  // ---- topics

  #own(): Want[] {
    return [...this.#subscriptions].map(({ topic, since, opened }) => ({ topic, since, fresh: !opened }));
  }

  #wants(): Want[] {
    return [...this.#own(), ...[...this.#peers.values()].flatMap((peer) => peer.wants)];
  }

  #changedTopics(): void {
    if (!this.#started) return;
    clearTimeout(this.#changeTimer);
    this.#changeTimer = setTimeout(() => (this.leader ? this.#reconcile() : this.#announce()), COALESCE);
  }

  /** Connect anew if other topics are wanted, or one from before what was heard of it. */
  #reconcile(): void {
    if (this.#asleep || (this.#source === null && this.#attempt > 0)) return; // the next try asks for them
    const wants = this.#wants();
    const topics = new Set(wants.map((want) => want.topic));
    const missing = (want: Want) => {
      const at = this.#at.get(want.topic);
      return want.fresh && want.since !== undefined && at !== undefined && !isKnown(at, want.since);
    };
    const others = topics.size !== this.#open.length || this.#open.some((topic) => !topics.has(topic));
    if (others || wants.some(missing)) this.#connect();
    else this.#opened(this.#places());
    this.#tellStatus();
  }

  // ---- the connection

  #connect(): void {
    this.#close();
    if (this.#asleep || !this.#started) return;
    const wants = this.#wants();
    this.#open = [...new Set(wants.map((want) => want.topic))];
    for (const topic of this.#at.keys()) if (!this.#open.includes(topic)) this.#at.delete(topic);
    for (const { topic, since } of wants) {
      const at = earlier(this.#at.get(topic), since);
      if (at !== undefined) this.#at.set(topic, at);
    }
    // Their places are in now. A stale one would rewind the stream at every later change.
    for (const peer of this.#peers.values())
      peer.wants = peer.wants.map(({ topic }) => ({ topic, fresh: false }));
    if (!this.#open.length) return;
    const topics = this.#open.map((topic) => {
      const at = this.#at.get(topic);
      return at === undefined ? topic : `${topic}@${at}`;
    });
    if (this.connection !== 'live') this.#become(isOut(this.connection) ? 'reconnecting' : 'connecting');
    // A new EventSource sends no Last-Event-ID, so the places travel in the query.
    const Source = this.#options.EventSource ?? EventSource;
    const source = new Source(`${this.#options.url}?topics=${encodeURIComponent(topics.join(','))}`);
    this.#source = source;
    this.#lastId = '';
    this.#heardAt = Date.now();
    source.onmessage = (event) => source === this.#source && this.#receive(event);
    // Close on every error: the browser's own retry has a fixed delay, and gives up for good on a refusal.
    source.onerror = () => source === this.#source && this.#fail();
  }

  #receive(event: MessageEvent<string>): void {
    const { type, topic, at, payload } = JSON.parse(event.data) as Omit<Frame, 'id'>;
    const id = event.lastEventId === this.#lastId ? '' : event.lastEventId; // the browser repeats the last one
    this.#lastId = event.lastEventId;
    const frame: Frame = { type, topic, at, payload, id };
    this.#heardAt = Date.now();
    this.#attempt = 0;
    if (type === 'hello')
      for (const [name, place] of Object.entries<Place>(payload.cursors)) this.#at.set(name, place);
    else if (id) this.#at.set(topic, id);
    if (this.connection !== 'live') this.#become('live');
    if (this.#peers.size) this.#post({ kind: 'frame', frame });
    this.#deliver(frame);
  }

  #fail(): void {
    this.#close();
    const wait = backoff(this.#attempt, { random: this.#options.random });
    this.#attempt += 1;
    this.#become(this.#attempt > OFFLINE_AFTER ? 'offline' : 'reconnecting', Date.now() + wait);
    this.#retryTimer = setTimeout(() => this.#connect(), wait);
    this.#options.onFail?.();
  }

  #close(): void {
    clearTimeout(this.#retryTimer);
    if (!this.#source) return;
    this.#source.onerror = this.#source.onmessage = null;
    this.#source.close();
    this.#source = null;
  }

  #watch(): void {
    if (this.#source && Date.now() - this.#heardAt > SILENCE) this.#fail();
  }

  /** Nobody has looked at any tab for a while: let go, and go on from the same places later. */
  #lookedAt(): void {
    if (!this.leader) return this.#started ? this.#announce() : undefined;
    const visible = document.visibilityState !== 'hidden' || [...this.#peers.values()].some((p) => p.visible);
    clearTimeout(this.#hideTimer);
    if (!visible) {
      this.#hideTimer = setTimeout(() => {
        this.#asleep = true;
        this.#close();
        this.#become('paused');
      }, HIDDEN);
    } else if (this.#asleep) {
      this.#asleep = false;
      this.#attempt = 0;
      this.#connect();
    }
  }

  // ---- telling

  #become(connection: Connection, retryAt = 0): void {
    // Trying again does not end an outage: the light goes on to say since when nothing was heard.
    if (connection !== this.connection && !(isOut(connection) && isOut(this.connection)))
      this.changed = Date.now();
    if (!(connection === 'reconnecting' && this.connection === 'offline')) this.connection = connection;
    this.retryAt = retryAt;
    this.#tellStatus();
  }

  #tellStatus(): void {
    const { connection, changed, retryAt } = this;
    this.#post({ kind: 'status', connection, changed, retryAt, at: this.#places() });
  }

  #places(): Places {
    return Object.fromEntries(this.#at);
  }

  #deliver(frame: Frame): void {
    if (frame.type === 'hello') return this.#greet(frame.payload);
    if (frame.type === 'ping') return;
    if (frame.type === 'resync') return this.#gap(frame.payload.topics);
    for (const held of [...this.#subscriptions]) {
      if (!held.opened || held.topic !== frame.topic) continue;
      if (frame.id) {
        if (held.since !== undefined && isKnown(frame.id, held.since)) continue; // told already
        held.since = frame.id;
      }
      held.onFrame(frame);
    }
  }

  #greet(hello: { version: string; cursors: Places; reset: string[] }): void {
    this.version ||= hello.version;
    this.newVersion = hello.version;
    for (const held of this.#subscriptions)
      if (hello.reset.includes(held.topic)) held.since = hello.cursors[held.topic];
    this.#opened(hello.cursors);
  }

  /** A connection goes on from `places`: open what misses nothing then. */
  #opened(places: Places): void {
    for (const held of [...this.#subscriptions]) {
      const place = places[held.topic];
      if (held.opened || place === undefined) continue;
      if (held.since !== undefined && !isKnown(place, held.since)) continue;
      held.opened = true;
      if (held.since === undefined) held.onGap?.();
    }
  }

  #gap(topics: string[]): void {
    for (const held of [...this.#subscriptions]) if (topics.includes(held.topic)) held.onGap?.();
  }
}
