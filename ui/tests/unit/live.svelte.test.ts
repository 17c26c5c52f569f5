import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoff } from '#lib/live/backoff.ts';
import { Live, type Frame } from '#lib/live/live.svelte.ts';
import { isBefore, isKnown } from '#lib/live/place.ts';
import { FakeChannel, FakeEventSource, FakeLocks } from './fake-stream.ts';

const EventSource = FakeEventSource as unknown as typeof globalThis.EventSource;
const SETTLED = 50; // milliseconds until a change of topics is asked for

const started: Live[] = [];

function alone(): Live {
  const live = new Live({ url: '/e', EventSource, locks: null, channel: null, random: () => 1 });
  started.push(live);
  return live;
}

function tab(locks: FakeLocks): Live {
  const live = new Live({
    url: '/e',
    EventSource,
    locks: locks as unknown as LockManager,
    channel: new FakeChannel() as unknown as BroadcastChannel,
    random: () => 1,
  });
  started.push(live);
  return live;
}

function ear() {
  const frames: Frame[] = [];
  const heard = { frames, gaps: 0, ids: () => frames.map((frame) => frame.id) };
  return { heard, onFrame: (frame: Frame) => void frames.push(frame), onGap: () => void (heard.gaps += 1) };
}

const settle = () => vi.advanceTimersByTimeAsync(SETTLED);

beforeEach(() => {
  FakeEventSource.all = [];
  FakeChannel.all = [];
  vi.useFakeTimers();
});
afterEach(() => {
  for (const live of started.splice(0)) live.stop();
  vi.useRealTimers();
});

describe('places', () => {
  it('are compared within the store and within one ring, not across', () => {
    expect(isBefore('9', '10')).toBe(true);
    expect(isBefore('a-9', 'a-10')).toBe(true);
    expect(isBefore('a-9', 'b-10')).toBe(false);
    expect(isKnown('9', 'a-10')).toBe(false);
    expect(isKnown('10', '10')).toBe(true);
  });
});

describe('back-off', () => {
  it('doubles from half a second to half a minute, half of it by chance', () => {
    expect([0, 1, 2, 20].map((n) => backoff(n, { random: () => 1 }))).toEqual([500, 1000, 2000, 30_000]);
    expect(backoff(2, { random: () => 0 })).toBe(1000);
  });
});

describe('one tab', () => {
  it('asks for the present first, and tells when to load it', async () => {
    const live = alone();
    const { heard, ...listener } = ear();
    live.subscribe({ topic: 'state', ...listener });
    live.start();
    expect(FakeEventSource.latest.topics).toBe('state');
    expect(heard.gaps).toBe(0);
    FakeEventSource.latest.hello({ state: '70' });
    expect([heard.gaps, live.connection]).toEqual([1, 'live']);
  });

  it('goes on from each topic’s own place after a failure', async () => {
    const live = alone();
    const state = ear();
    live.subscribe({ topic: 'state', onFrame: state.onFrame });
    live.subscribe({ topic: 'deploy:4', since: '60', onFrame: ear().onFrame });
    live.start();
    FakeEventSource.latest.hello({ state: '70', 'deploy:4': '60' });
    FakeEventSource.latest.send('deploy_status', 'state', {}, '72');
    FakeEventSource.latest.send('deploy_log', 'deploy:4', {}, '71');
    FakeEventSource.latest.fail();
    expect(live.connection).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeEventSource.latest.topics).toBe('state@72,deploy:4@71');
  });

  it('hears nothing twice, and nothing out of order', () => {
    const live = alone();
    const { heard, ...listener } = ear();
    live.subscribe({ topic: 'state', since: '70', ...listener });
    live.start();
    FakeEventSource.latest.hello({ state: '70' });
    for (const id of ['71', '72', '71', '70', '72', '73']) FakeEventSource.latest.send('x', 'state', {}, id);
    expect(heard.ids()).toEqual(['71', '72', '73']);
  });

  it('tells frames without a place of their own from the ones before', () => {
    const live = alone();
    const { heard, ...listener } = ear();
    live.subscribe({ topic: 'deploy:4', since: '1', ...listener });
    live.start();
    FakeEventSource.latest.hello({ 'deploy:4': '1' });
    FakeEventSource.latest.send('deploy_log', 'deploy:4', {}, '5');
    FakeEventSource.latest.send('deploy_progress', 'deploy:4', {});
    FakeEventSource.latest.send('deploy_progress', 'deploy:4', {});
    expect(heard.ids()).toEqual(['5', '', '']);
  });

  it('asks for a topic that is added later from where it is known', async () => {
    const live = alone();
    live.subscribe({ topic: 'state', onFrame: ear().onFrame });
    live.start();
    FakeEventSource.latest.hello({ state: '100' });
    live.subscribe({ topic: 'deploy:4', since: '57', onFrame: ear().onFrame });
    await settle();
    expect(FakeEventSource.latest.topics).toBe('state@100,deploy:4@57');
    expect(FakeEventSource.open).toHaveLength(1);
    expect(live.connection).toBe('live');
  });

  it('replays for a second reader what the first heard already', async () => {
    const live = alone();
    const [first, second] = [ear(), ear()];
    live.subscribe({ topic: 'deploy:4', since: '10', onFrame: first.onFrame });
    live.start();
    FakeEventSource.latest.hello({ 'deploy:4': '10' });
    FakeEventSource.latest.send('deploy_log', 'deploy:4', {}, '11');
    FakeEventSource.latest.send('deploy_log', 'deploy:4', {}, '12');
    live.subscribe({ topic: 'deploy:4', since: '11', onFrame: second.onFrame });
    FakeEventSource.latest.send('deploy_log', 'deploy:4', {}, '13'); // before it is open: 12 would be missing
    await settle();
    expect(FakeEventSource.latest.topics).toBe('deploy:4@11');
    FakeEventSource.latest.hello({ 'deploy:4': '11' });
    for (const id of ['12', '13', '14']) FakeEventSource.latest.send('deploy_log', 'deploy:4', {}, id);
    expect(first.heard.ids()).toEqual(['11', '12', '13', '14']);
    expect(second.heard.ids()).toEqual(['12', '13', '14']);
  });

  it('loads anew what is too old to replay, and hears what comes after', () => {
    const live = alone();
    const { heard, ...listener } = ear();
    live.subscribe({ topic: 'state', since: '5', ...listener });
    live.start();
    FakeEventSource.latest.hello({ state: '900' }, ['state']);
    FakeEventSource.latest.send('x', 'state', {}, '901');
    expect(heard.gaps).toBe(1);
    expect(heard.ids()).toEqual(['901']);
  });

  it('keeps its place through a connection that fails before it says hello', async () => {
    const live = alone();
    live.subscribe({ topic: 'state', since: '4', onFrame: ear().onFrame });
    live.start();
    FakeEventSource.latest.fail();
    await vi.advanceTimersByTimeAsync(500);
    expect(FakeEventSource.latest.topics).toBe('state@4');
  });

  it('is offline after four failures, says since when, and is back with the first frame', async () => {
    const live = alone();
    live.subscribe({ topic: 'state', onFrame: ear().onFrame });
    live.start();
    FakeEventSource.latest.hello({ state: '1' });
    await vi.advanceTimersByTimeAsync(1000);
    const cut = Date.now();
    for (let n = 0; n < 4; n += 1) {
      FakeEventSource.latest.fail();
      if (n < 3) await vi.advanceTimersByTimeAsync(30_000);
    }
    expect([live.connection, live.changed]).toEqual(['offline', cut]);
    live.retry();
    expect(live.connection).toBe('offline');
    FakeEventSource.latest.hello({ state: '1' });
    expect([live.connection, live.retryAt]).toEqual(['live', 0]);
  });

  it('takes 25 s of silence for a dead connection', async () => {
    const live = alone();
    live.subscribe({ topic: 'state', onFrame: ear().onFrame });
    live.start();
    FakeEventSource.latest.hello({ state: '1' });
    await vi.advanceTimersByTimeAsync(20_000);
    FakeEventSource.latest.ping();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(live.connection).toBe('live');
    await vi.advanceTimersByTimeAsync(11_000);
    expect(live.connection).toBe('reconnecting');
  });

  it('makes one connection of several changes, and none when nothing is left', async () => {
    const live = alone();
    live.subscribe({ topic: 'state', onFrame: ear().onFrame });
    live.start();
    FakeEventSource.latest.hello({ state: '1' });
    const before = FakeEventSource.all.length;
    const leave = [4, 5, 6].map((id) =>
      live.subscribe({ topic: `deploy:${id}`, since: '0', onFrame: () => {} }),
    );
    await settle();
    expect(FakeEventSource.all).toHaveLength(before + 1);
    leave.forEach((one) => one());
    await settle();
    expect(FakeEventSource.latest.topics).toBe('state@1');
  });

  it('is not followed anew by an effect when the connection changes', async () => {
    const live = alone();
    let runs = 0;
    const end = $effect.root(() => {
      $effect(() => {
        runs += 1;
        return live.subscribe({ topic: 'state', onFrame: () => {} });
      });
    });
    flushSync();
    live.start();
    await settle();
    FakeEventSource.latest.hello({ state: '1' });
    FakeEventSource.latest.fail();
    flushSync();
    expect(runs).toBe(1);
    end();
  });

  it('knows when Forge has become another version', async () => {
    const live = alone();
    live.subscribe({ topic: 'state', onFrame: ear().onFrame });
    live.start();
    FakeEventSource.latest.hello({ state: '1' }, [], '0.1.0');
    FakeEventSource.latest.fail();
    await vi.advanceTimersByTimeAsync(500);
    FakeEventSource.latest.hello({ state: '1' }, [], '0.2.0');
    expect([live.version, live.newVersion]).toEqual(['0.1.0', '0.2.0']);
  });

  it('carries 10,000 events', () => {
    const live = alone();
    const { heard, ...listener } = ear();
    live.subscribe({ topic: 'state', since: '0', ...listener });
    live.start();
    FakeEventSource.latest.hello({ state: '0' });
    for (let id = 1; id <= 10_000; id += 1) FakeEventSource.latest.send('x', 'state', { id }, String(id));
    expect(heard.frames.length).toBe(10_000);
    expect(heard.frames.at(-1)!.payload.id).toBe(10_000);
  });
});

describe('several tabs', () => {
  it('have one connection, and each hears its own topics', async () => {
    const locks = new FakeLocks();
    const [one, two] = [tab(locks), tab(locks)];
    const [first, second] = [ear(), ear()];
    one.subscribe({ topic: 'state', ...first });
    two.subscribe({ topic: 'state', ...second });
    two.subscribe({ topic: 'deploy:4', since: '3', onFrame: second.onFrame });
    one.start();
    two.start();
    await settle();
    await settle();
    FakeEventSource.latest.hello({ state: '7', 'deploy:4': '3' });
    await settle();
    FakeEventSource.latest.send('x', 'state', {}, '8');
    FakeEventSource.latest.send('deploy_log', 'deploy:4', {}, '9');
    await settle();
    expect(FakeEventSource.open).toHaveLength(1);
    expect([one.leader, two.leader, two.connection]).toEqual([true, false, 'live']);
    expect([first.heard.gaps, second.heard.gaps]).toEqual([1, 1]);
    expect(first.heard.ids()).toEqual(['8']);
    expect(second.heard.ids()).toEqual(['8', '9']);
  });

  it('lose no line when another one takes over', async () => {
    const locks = new FakeLocks();
    const [one, two] = [tab(locks), tab(locks)];
    const { heard, ...listener } = ear();
    one.subscribe({ topic: 'state', onFrame: () => {} });
    two.subscribe({ topic: 'deploy:4', since: '3', ...listener });
    one.start();
    two.start();
    await settle();
    await settle();
    FakeEventSource.latest.hello({ state: '7', 'deploy:4': '3' });
    FakeEventSource.latest.send('deploy_log', 'deploy:4', {}, '8');
    await settle();
    FakeEventSource.latest.send('x', 'state', {}, '12');
    await settle();
    one.stop();
    await settle();
    expect(two.leader).toBe(true);
    expect(FakeEventSource.latest.topics).toBe('deploy:4@8');
    FakeEventSource.latest.hello({ 'deploy:4': '8' });
    FakeEventSource.latest.send('deploy_log', 'deploy:4', {}, '9');
    expect(heard.ids()).toEqual(['8', '9']);
  });

  it('a tab that looks around does not rewind the others', async () => {
    const locks = new FakeLocks();
    const [one, two] = [tab(locks), tab(locks)];
    one.subscribe({ topic: 'state', onFrame: () => {} });
    two.subscribe({ topic: 'deploy:4', since: '3', onFrame: () => {} });
    one.start();
    two.start();
    await settle();
    await settle();
    FakeEventSource.latest.hello({ state: '7', 'deploy:4': '3' });
    FakeEventSource.latest.send('deploy_log', 'deploy:4', {}, '8');
    await settle();
    const before = FakeEventSource.all.length;
    document.dispatchEvent(new Event('visibilitychange'));
    await settle();
    await settle();
    expect(FakeEventSource.all).toHaveLength(before);
  });
});
