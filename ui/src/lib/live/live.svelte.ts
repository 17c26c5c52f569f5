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
import { earlier, type Connection, type Frame, type Places, type Want } from './frame.ts';
import { isKnown, type Place } from './place.ts';
import { Source } from './source.ts';
import { Tabs, type Message, type TabsOptions } from './tabs.ts';

export type { Connection, Frame };

export interface Subscription {
  /** `state`, `deploy:42` or `instance:a1b2c3`. */
  topic: string;
  /** All up to here is known already; without it the topic begins at the present. */
  since?: Place;
  onFrame: (frame: Frame) => void;
  /** Load the present now, frames from here on follow: the topic was opened at the present, or anew after a gap. */
  onGap?: () => void;
}

const HIDDEN = 5 * 60_000; // milliseconds after which nobody looks
const COALESCE = 30; // milliseconds in which changes of topics become one new connection
const OFFLINE_AFTER = 3; // failed tries

export interface LiveOptions extends TabsOptions {
  url: string;
  EventSource?: typeof EventSource;
  random?: () => number;
  /** The connection failed: perhaps nobody is signed in any more. */
  onFail?: () => void;
}

/** Until it is opened, frames of its topic are somebody else's: earlier ones may be missing. */
interface Held extends Subscription {
  opened: boolean;
}

const isOut = (connection: Connection) => connection === 'reconnecting' || connection === 'offline';

export class Live {
  connection = $state<Connection>('connecting');
  /** Since when it is so, and when it is tried again (0: not planned); milliseconds. */
  changed = $state(Date.now());
  retryAt = $state(0);
  /** Forge's version as the first hello said it, and as the newest did: the page may be older than Forge. */
  version = $state('');
  newVersion = $state('');
  leader = $state(false);

  readonly #options: LiveOptions;
  readonly #tabs: Tabs;
  readonly #subscriptions = new Set<Held>();
  readonly #peers = new Map<string, { wants: Want[]; visible: boolean }>();
  /** What was heard last of each topic of the connection. */
  readonly #at = new Map<string, Place>();
  #source: Source | null = null;
  #open: string[] = [];
  #started = false;
  #asleep = false;
  #attempt = 0;
  #retryTimer?: ReturnType<typeof setTimeout>;
  #changeTimer?: ReturnType<typeof setTimeout>;
  #hideTimer?: ReturnType<typeof setTimeout>;
  #abort = new AbortController();

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#tabs = new Tabs(options);
  }

  /** Connect, or join the tab that is connected. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    addEventListener('pagehide', () => this.#leave(), { signal });
    addEventListener('pageshow', (event) => event.persisted && this.#changedTopics(), { signal });
    addEventListener('online', () => this.retry(), { signal });
    document.addEventListener('visibilitychange', () => this.#lookedAt(), { signal });
    const leads = this.#tabs.join(
      (message) => this.#hear(message),
      () => this.#lead(),
    );
    if (!leads) this.#announce();
  }

  /** Close everything; subscriptions stay for the next start. */
  stop(): void {
    if (!this.#started) return;
    this.#started = false;
    this.#leave();
    this.#abort.abort();
    this.#tabs.leave();
    clearTimeout(this.#hideTimer);
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
    else this.#tabs.post({ kind: 'retry' });
  }

  // ---- who connects

  #lead(): void {
    this.leader = true;
    this.#tabs.post({ kind: 'who' });
    this.#connect();
  }

  #leave(): void {
    this.#tabs.post({ kind: 'bye', tab: this.#tabs.id });
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
    this.#tabs.post({
      kind: 'want',
      tab: this.#tabs.id,
      wants,
      visible: document.visibilityState !== 'hidden',
    });
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
    this.#source = new Source(
      `${this.#options.url}?topics=${encodeURIComponent(topics.join(','))}`,
      this.#options.EventSource ?? EventSource,
      { onFrame: (frame) => this.#receive(frame), onFail: () => this.#fail() },
    );
  }

  #receive(frame: Frame): void {
    const { type, topic, payload, id } = frame;
    this.#attempt = 0;
    if (type === 'hello')
      for (const [name, place] of Object.entries<Place>(payload.cursors)) this.#at.set(name, place);
    else if (id) this.#at.set(topic, id);
    if (this.connection !== 'live') this.#become('live');
    if (this.#peers.size) this.#tabs.post({ kind: 'frame', frame });
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
    this.#source?.close();
    this.#source = null;
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
    this.#tabs.post({ kind: 'status', connection, changed, retryAt, at: this.#places() });
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
