// The stream over a long and bad line: whatever happens, each event is heard once, in order, or the gap is told.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Live, type Frame } from '#lib/live/live.svelte.ts';
import { FakeChannel, FakeEventSource, FakeLocks } from './fake-stream.ts';

/** Forge's side: a numbered past of one topic, of which only the newest `keeps` can be replayed. */
class Past {
  readonly keeps: number;
  #newest = 0;
  #open: FakeEventSource | null = null;

  constructor(keeps = Infinity) {
    this.keeps = keeps;
  }

  get newest(): number {
    return this.#newest;
  }

  /** What was opened last is answered: hello, and what was missed. */
  answer(): void {
    const source = FakeEventSource.latest;
    if (source === this.#open || source.closed) return;
    this.#open = source;
    const asked = source.topics.split('@')[1];
    const from = asked === undefined ? this.#newest : Number(asked);
    if (this.#newest - from > this.keeps) {
      source.hello({ state: String(this.#newest) }, ['state']);
      return;
    }
    source.hello({ state: String(from) });
    for (let id = from + 1; id <= this.#newest; id += 1) this.#send(id);
  }

  happen(): void {
    this.#newest += 1;
    if (this.#open && !this.#open.closed) this.#send(this.#newest);
  }

  cut(): void {
    this.#open?.fail();
  }

  #send(id: number): void {
    this.#open!.send('x', 'state', { id }, String(id));
  }
}

/** The same numbers always: a test that fails must fail again. */
function dice(seed: number): () => number {
  return () => (seed = (seed * 16807) % 2147483647) / 2147483647;
}

const EventSource = FakeEventSource as unknown as typeof globalThis.EventSource;
const started: Live[] = [];

function alone(changes = {}): Live {
  const live = new Live({ url: '/e', EventSource, locks: null, channel: null, random: () => 1, ...changes });
  started.push(live);
  return live;
}

function hidden(is: boolean): void {
  Object.defineProperty(document, 'visibilityState', {
    value: is ? 'hidden' : 'visible',
    configurable: true,
  });
  document.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  FakeEventSource.all = [];
  FakeChannel.all = [];
  vi.useFakeTimers();
});
afterEach(() => {
  for (const live of started.splice(0)) live.stop();
  hidden(false);
  vi.useRealTimers();
});

describe('a bad line', () => {
  it('loses nothing and repeats nothing of 10,000 events over hundreds of cuts', async () => {
    const [past, live, chance] = [new Past(), alone(), dice(7)];
    const heard: number[] = [];
    live.subscribe({ topic: 'state', since: '0', onFrame: ({ payload }) => void heard.push(payload.id) });
    live.start();
    let cuts = 0;
    while (past.newest < 10_000) {
      past.happen();
      if (chance() < 0.03) {
        past.cut();
        cuts += 1;
        for (let n = chance() * 30; n > 0; n -= 1) past.happen();
      }
      if (chance() < 0.1) await vi.advanceTimersByTimeAsync(1000);
      past.answer();
    }
    await vi.advanceTimersByTimeAsync(30_000);
    past.answer();
    expect(cuts).toBeGreaterThan(200);
    expect(heard).toEqual(Array.from({ length: past.newest }, (_, n) => n + 1));
  });

  it('tells of a gap that can no longer be filled, and goes on behind it', async () => {
    const [past, live] = [new Past(100), alone()];
    const heard: number[] = [];
    let gaps = 0;
    live.subscribe({
      topic: 'state',
      since: '0',
      onFrame: ({ payload }) => void heard.push(payload.id),
      onGap: () => void (gaps += 1),
    });
    live.start();
    past.answer();
    for (let n = 0; n < 10; n += 1) past.happen();
    past.cut();
    for (let n = 0; n < 500; n += 1) past.happen();
    await vi.advanceTimersByTimeAsync(1000);
    past.answer();
    past.happen();
    expect([gaps, heard.length, heard.at(-1)]).toEqual([1, 11, 511]);
  });

  it('loads the present anew when Forge says in mid-stream that it must', () => {
    const live = alone();
    let gaps = 0;
    live.subscribe({ topic: 'state', since: '1', onFrame: () => {}, onGap: () => void (gaps += 1) });
    live.start();
    FakeEventSource.latest.hello({ state: '1' });
    FakeEventSource.latest.send('resync', '', { topics: ['deploy:4'] });
    FakeEventSource.latest.send('resync', '', { topics: ['state'] });
    expect(gaps).toBe(1);
  });

  it('goes on by the new ring’s places after Forge was started anew', async () => {
    const live = alone();
    const frames: Frame[] = [];
    live.subscribe({ topic: 'instance:a1', onFrame: (frame) => void frames.push(frame), onGap: () => {} });
    live.start();
    FakeEventSource.latest.hello({ 'instance:a1': 'old-900' });
    FakeEventSource.latest.send('instance_log', 'instance:a1', {}, 'old-901');
    FakeEventSource.latest.fail();
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeEventSource.latest.topics).toBe('instance:a1@old-901');
    FakeEventSource.latest.hello({ 'instance:a1': 'new-3' }, ['instance:a1']);
    for (const id of ['new-4', 'new-5', 'new-4', 'new-6'])
      FakeEventSource.latest.send('instance_log', 'instance:a1', {}, id);
    expect(frames.map((frame) => frame.id)).toEqual(['old-901', 'new-4', 'new-5', 'new-6']);
  });

  it('connects at once when the network is back, or the machine woke up', async () => {
    const live = alone();
    live.subscribe({ topic: 'state', since: '5', onFrame: () => {} });
    live.start();
    FakeEventSource.latest.hello({ state: '5' });
    vi.setSystemTime(Date.now() + 3_600_000); // asleep: no timer ran
    await vi.advanceTimersByTimeAsync(5000);
    expect(live.connection).toBe('reconnecting');
    const before = FakeEventSource.all.length;
    dispatchEvent(new Event('online'));
    expect(FakeEventSource.all).toHaveLength(before + 1);
    expect(FakeEventSource.latest.topics).toBe('state@5');
  });
});

describe('when nobody looks', () => {
  it('lets go after five minutes, and goes on from there when somebody does', async () => {
    const live = alone();
    live.subscribe({ topic: 'state', since: '5', onFrame: () => {} });
    live.start();
    FakeEventSource.latest.hello({ state: '5' });
    FakeEventSource.latest.send('x', 'state', {}, '6');
    hidden(true);
    for (let n = 0; n < 29; n += 1) {
      await vi.advanceTimersByTimeAsync(10_000);
      FakeEventSource.latest.ping();
    }
    expect(live.connection).toBe('live');
    await vi.advanceTimersByTimeAsync(10_000);
    expect([live.connection, FakeEventSource.open.length]).toEqual(['paused', 0]);
    hidden(false);
    expect(FakeEventSource.latest.topics).toBe('state@6');
    FakeEventSource.latest.hello({ state: '6' });
    expect(live.connection).toBe('live');
  });

  it('holds on while another tab is looked at', async () => {
    const locks = new FakeLocks() as unknown as LockManager;
    const make = () => alone({ locks, channel: new FakeChannel() as unknown as BroadcastChannel });
    const [leader, other] = [make(), make()];
    for (const live of [leader, other]) {
      live.subscribe({ topic: 'state', onFrame: () => {} });
      live.start();
      await vi.advanceTimersByTimeAsync(50);
    }
    FakeEventSource.latest.hello({ state: '5' });
    // the two share a document here: what the other one says of itself is posted in its stead
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    new FakeChannel().postMessage({ kind: 'want', tab: 'third', wants: [], visible: true });
    for (let n = 0; n < 40; n += 1) {
      await vi.advanceTimersByTimeAsync(10_000);
      FakeEventSource.latest.ping();
    }
    expect(leader.connection).toBe('live');
  });
});
