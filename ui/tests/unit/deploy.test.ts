import { describe, expect, it, vi } from 'vitest';
import type { Live, Subscription } from '#lib/live/live.svelte.ts';
import { DeployFeed } from '#lib/state/deploy.svelte.ts';
import type { DeployStatus, Layer } from '#lib/api/types.ts';
import { aDeploy, aFrame, aStep } from './made.ts';

const aView = (status: DeployStatus, more = {}) => ({
  ...aDeploy({ id: 4, status }),
  strategy_reason: '',
  steps: [aStep({ deploy: 4 })],
  layers: [] as Layer[],
  replicas: 1,
  last_words: null,
  quarantine: null,
  ...more,
});
const aLine = (id: number) => ({
  id,
  at: id,
  level: 'info',
  text: `line ${id}`,
  healthy: null,
});

function following(status: DeployStatus, lines = [aLine(10), aLine(11)]) {
  const subscriptions: Subscription[] = [];
  const live = {
    subscribe: (one: Subscription) => {
      subscriptions.push(one);
      return () => {};
    },
  } as unknown as Live;
  const deploy = vi.fn(async () => aView(status));
  const feed = new DeployFeed(4, {
    deploy,
    lines: async (_, after) => lines.filter((one) => one.id > after),
  });
  feed.follow(live);
  return { feed, subscriptions, deploy };
}

describe('a deploy', () => {
  it('is followed from the last line that was loaded', async () => {
    const { feed, subscriptions } = following('running');
    await vi.waitFor(() => expect(subscriptions).toHaveLength(1));
    expect([subscriptions[0]!.topic, subscriptions[0]!.since]).toEqual(['deploy:4', '11']);
    expect(feed.log.lines.map((line) => line.plain)).toEqual(['line 10', 'line 11']);
    subscriptions[0]!.onFrame(aFrame('deploy_log', { deploy: 4, at: 12, level: 'error', text: 'no' }));
    expect([feed.log.lines.length, feed.log.errors]).toEqual([3, 1]);
  });

  it('shows how far a pull is that began before the page', async () => {
    const layers = [{ id: '4f4fb700ef54', status: 'pulling', current: 5, total: 9 }];
    const feed = new DeployFeed(4, {
      deploy: async () => aView('running', { layers }),
      lines: async () => [],
    });
    feed.follow({ subscribe: () => () => {} } as unknown as Live);
    await vi.waitFor(() => expect(feed.layers).toEqual(layers));
    feed.hear(aFrame('deploy_progress', { layers: [{ ...layers[0], status: 'done', current: 9 }] }));
    expect(feed.layers[0]!.status).toBe('done');
  });

  it('that has ended needs no stream', async () => {
    const { feed, subscriptions } = following('failed');
    await vi.waitFor(() => expect(feed.deploy?.status).toBe('failed'));
    expect(subscriptions).toHaveLength(0);
  });

  it('loads its last words when it ends', async () => {
    const { feed, subscriptions, deploy } = following('running');
    await vi.waitFor(() => expect(subscriptions).toHaveLength(1));
    const words = {
      status: 'exited',
      exit_code: 1,
      out_of_memory: false,
      restarts: 0,
      lines: [],
      probes: [],
    };
    deploy.mockResolvedValue(aView('failed', { last_words: words }));
    subscriptions[0]!.onFrame(aFrame('deploy_status', aDeploy({ id: 4, status: 'failed' })));
    await vi.waitFor(() => expect(feed.lastWords?.exit_code).toBe(1));
  });

  it('begins anew after a gap, without a line twice', async () => {
    const { feed, subscriptions } = following('running');
    await vi.waitFor(() => expect(subscriptions).toHaveLength(1));
    subscriptions[0]!.onGap!();
    await vi.waitFor(() => expect(subscriptions).toHaveLength(2));
    expect(feed.log.lines).toHaveLength(2);
  });

  it('measures how fast it pulls', async () => {
    const { feed, subscriptions } = following('running');
    await vi.waitFor(() => expect(subscriptions).toHaveLength(1));
    const tell = (at: number, current: number) =>
      subscriptions[0]!.onFrame(
        aFrame('deploy_progress', { layers: [{ id: 'a', status: 'pulling', current, total: 4e6 }] }, { at }),
      );
    tell(1, 0);
    tell(2, 1e6);
    expect(feed.rate).toBe(1e6);
  });

  it('is shown before its log is there, and asked for anew after it', async () => {
    let arrive = (_: ReturnType<typeof aLine>[]) => {};
    const subscribe = vi.fn(() => () => {});
    const deploy = vi.fn(async () => aView('running'));
    const lines = () => new Promise<ReturnType<typeof aLine>[]>((done) => (arrive = done));
    const feed = new DeployFeed(4, { deploy, lines });
    feed.follow({ subscribe } as unknown as Live);
    await vi.waitFor(() => expect(feed.deploy?.status).toBe('running'));
    expect([feed.log.lines.length, feed.reading, subscribe.mock.calls.length]).toEqual([0, true, 0]);
    arrive([aLine(10)]);
    await vi.waitFor(() => expect(subscribe).toHaveBeenCalled());
    expect([feed.log.lines.length, feed.reading, deploy.mock.calls.length]).toEqual([1, false, 2]);
  });

  it('keeps what each probe found', async () => {
    const { feed, subscriptions } = following('running', []);
    await vi.waitFor(() => expect(subscriptions).toHaveLength(1));
    for (const healthy of [null, false, true])
      subscriptions[0]!.onFrame(
        aFrame('deploy_log', { deploy: 4, at: 12, level: 'probe', text: 'asked', healthy }),
      );
    expect(feed.probes.map((probe) => probe.healthy)).toEqual([null, false, true]);
  });

  it('has the lines that were written while it ended', async () => {
    const lines = vi.fn(async (_: number, after: number) =>
      [aLine(10), aLine(11)].filter((l) => l.id > after),
    );
    lines.mockResolvedValueOnce([aLine(10)]); // asked for a moment before the last one was written
    const feed = new DeployFeed(4, { deploy: async () => aView('failed'), lines });
    feed.follow({} as Live);
    await vi.waitFor(() => expect(feed.reading).toBe(false));
    expect(feed.log.lines.map((line) => line.plain)).toEqual(['line 10', 'line 11']);
  });
});
