/** A server of streams in memory: what a page asks for, and what it is sent. */
export class FakeEventSource {
  static all: FakeEventSource[] = [];
  onmessage: ((event: { data: string; lastEventId: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  closed = false;
  readonly url: string;
  #lastId = '';

  constructor(url: string) {
    this.url = url;
    FakeEventSource.all.push(this);
  }

  static get latest(): FakeEventSource {
    return FakeEventSource.all.at(-1)!;
  }

  static get open(): FakeEventSource[] {
    return FakeEventSource.all.filter((one) => !one.closed);
  }

  get topics(): string {
    return decodeURIComponent(this.url.split('topics=')[1]!);
  }

  close(): void {
    this.closed = true;
  }

  fail(): void {
    this.onerror?.();
  }

  /** As browsers do, a frame without an id repeats the last one. */
  send(type: string, topic: string, payload: unknown, id = ''): void {
    if (id) this.#lastId = id;
    const data = JSON.stringify({ type, topic, at: 1, payload });
    this.onmessage?.({ data, lastEventId: this.#lastId });
  }

  hello(cursors: Record<string, string>, reset: string[] = [], version = '1'): void {
    this.send('hello', '', { version, epoch: 'e', cursors, reset });
    if (reset.length) this.send('resync', '', { topics: reset });
  }

  ping(): void {
    this.send('ping', '', { at: 1 });
  }
}

/** Channels of one name, one for each tab; a message arrives later, as in a browser. */
export class FakeChannel extends EventTarget {
  static all: FakeChannel[] = [];

  constructor() {
    super();
    FakeChannel.all.push(this);
  }

  postMessage(data: unknown): void {
    const copy = structuredClone(data);
    const others = FakeChannel.all.filter((one) => one !== this);
    queueMicrotask(() =>
      others.forEach((one) => one.dispatchEvent(new MessageEvent('message', { data: copy }))),
    );
  }

  close(): void {
    FakeChannel.all = FakeChannel.all.filter((one) => one !== this);
  }
}

/** One lock; whoever asked first has it. */
export class FakeLocks {
  #queue: (() => Promise<void>)[] = [];
  #busy = false;

  request(_name: string, _options: unknown, held: () => Promise<void>): Promise<void> {
    this.#queue.push(held);
    void this.#next();
    return Promise.resolve();
  }

  async #next(): Promise<void> {
    if (this.#busy || !this.#queue.length) return;
    this.#busy = true;
    await this.#queue.shift()!();
    this.#busy = false;
    void this.#next();
  }
}
