import { describe, expect, it, vi } from 'vitest';
import type { InstanceMetrics, MetricsHistory, MetricsNow } from '#lib/api/types.ts';
import type { Live, Subscription } from '#lib/live/live.svelte.ts';
import { ground, levels, lone, pieces, rowsOf, times } from '#lib/metrics/chart.ts';
import { average, figure, highest, rate, share, size, sizeOf } from '#lib/metrics/figures.ts';
import { History, isEmpty, type Shown } from '#lib/metrics/history.svelte.ts';
import { FEW, first, labels, looks } from '#lib/metrics/series.ts';
import { addressOf, viewOf } from '#lib/metrics/view.ts';
import { advance, Metrics } from '#lib/state/metrics.svelte.ts';
import { aFrame } from './made.ts';

const USED = { cpu: 0.5, memory: 100, received: 20, sent: 10 };
const nothing = () => Array.from({ length: 30 }, () => null as number | null);

function aNow(changes: Partial<MetricsNow> = {}): MetricsNow {
  return {
    at: 1000,
    due: 3,
    every: 3,
    spark_start: 420,
    spark_step: 20,
    machine: {
      ...USED,
      name: 'forge-01',
      engine: '28.5.1',
      processors: 4,
      memory_total: 16e9,
      disk: 1e9,
      disk_total: 2e9,
    },
    instances: { a1b2c3: { ...USED, cpu_spark: nothing(), memory_spark: nothing() } },
    ...changes,
  };
}

async function loaded(changes: Partial<MetricsNow> = {}, ask = vi.fn(async () => aNow(changes))) {
  const metrics = new Metrics(ask);
  await metrics.load();
  return { metrics, ask };
}

const told = (
  at: number,
  instances = { a1b2c3: USED } as Record<string, typeof USED>,
  machine: unknown = null,
) => aFrame('metrics', { every: 3, machine, instances }, { at, topic: 'metrics' });

describe('what is used now', () => {
  it('is what was loaded, and follows the stream', async () => {
    const { metrics } = await loaded();
    expect(metrics.now.get('a1b2c3')?.cpu).toBe(0.5);
    metrics.hear(told(1003, { a1b2c3: { ...USED, cpu: 0.7 } }, { ...USED, cpu: 0.9, disk: 5 }));
    expect(metrics.now.get('a1b2c3')?.cpu).toBe(0.7);
    expect(metrics.machine).toMatchObject({ name: 'forge-01', cpu: 0.9, disk: 5, disk_total: 2e9 });
  });

  it('hears nothing before the present is there', () => {
    const metrics = new Metrics(async () => aNow());
    metrics.hear(told(1003));
    expect(metrics.now.size).toBe(0);
  });

  it('forgets what stopped, and takes in what began', async () => {
    const { metrics } = await loaded();
    metrics.hear(told(1003, { d4e5f6: USED }));
    expect([...metrics.now.keys()]).toEqual(['d4e5f6']);
    expect(metrics.now.get('d4e5f6')?.cpu_spark.at(-1)).toBe(0.5);
  });

  it('does not show what was not measured as if it were nothing', async () => {
    const { metrics } = await loaded({
      instances: {
        a1b2c3: { cpu: null, memory: null, received: null, sent: null, cpu_spark: [], memory_spark: [] },
      },
    });
    expect(metrics.now.size).toBe(0);
  });

  it('makes one value of all samples in a step of the spark, and a new one in the next', async () => {
    const { metrics } = await loaded();
    const spark = () => metrics.now.get('a1b2c3')!;
    metrics.hear(told(1003, { a1b2c3: { ...USED, cpu: 0.2, memory: 300 } }));
    metrics.hear(told(1006, { a1b2c3: { ...USED, cpu: 0.4, memory: 100 } }));
    expect([spark().cpu_spark.at(-1), spark().memory_spark.at(-1)]).toEqual([expect.closeTo(0.267), 300]);
    metrics.hear(told(1021, { a1b2c3: { ...USED, cpu: 1 } }));
    expect(spark().cpu_spark).toHaveLength(30);
    expect(spark().cpu_spark.slice(-2)).toEqual([expect.closeTo(0.267), 1]);
  });

  it('loads what it missed, once', async () => {
    const { metrics, ask } = await loaded();
    metrics.hear(told(1009));
    expect(ask).toHaveBeenCalledTimes(1);
    metrics.hear(told(1100));
    expect(ask).toHaveBeenCalledTimes(2);
    metrics.hear(told(1103));
    expect(ask).toHaveBeenCalledTimes(2);
  });
});

describe('following', () => {
  it('asks at once and often for who sees some projects only, and is told nothing', async () => {
    vi.useFakeTimers();
    const ask = vi.fn(async () => aNow());
    const subscribe = vi.fn();
    const end = new Metrics(ask).follow({ subscribe } as unknown as Live, false);
    expect(ask).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(20_100);
    expect(ask).toHaveBeenCalledTimes(5);
    expect(subscribe).not.toHaveBeenCalled();
    end();
    vi.useRealTimers();
  });

  it('asks now and then where the stream tells nothing, and not after the end', async () => {
    vi.useFakeTimers();
    const ask = vi.fn(async () => aNow());
    const metrics = new Metrics(ask);
    const leave = vi.fn();
    const subscribe = vi.fn((_: Subscription) => leave);
    const end = metrics.follow({ subscribe } as unknown as Live);
    await vi.advanceTimersByTimeAsync(5100);
    expect(ask).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(ask).toHaveBeenCalledTimes(1);
    subscribe.mock.lastCall![0].onFrame(told(1003));
    await vi.advanceTimersByTimeAsync(25_000);
    expect(ask).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(ask).toHaveBeenCalledTimes(2);
    end();
    await vi.advanceTimersByTimeAsync(100_000);
    expect([ask.mock.calls.length, leave.mock.calls.length]).toEqual([2, 1]);
    vi.useRealTimers();
  });
});

describe('a spark that goes on', () => {
  it('leaves a gap where steps were missed', () => {
    expect(advance([1, 2, 3, 4], 1, 5, Math.max)).toEqual([2, 3, 4, 5]);
    expect(advance([1, 2, 3, 4], 3, 5, Math.max)).toEqual([4, null, null, 5]);
    expect(advance([1, 2, 3, 4], 99, 5, Math.max)).toEqual([null, null, null, 5]);
  });

  it('puts values of one step together', () => {
    expect(advance([1, 2], 0, 5, Math.max)).toEqual([1, 5]);
    expect(advance([1, null], 0, 5, Math.max)).toEqual([1, 5]);
    expect(advance([1, 2], 0, null, Math.max)).toEqual([1, 2]);
  });
});

describe('figures', () => {
  it.each([
    [share(0.333), '33%'],
    [share(0.034), '3.4%'],
    [share(0.0025), '0.25%'],
    [share(0.0996), '10%'],
    [share(1.5), '150%'],
    [size(0), '0 kB'],
    [size(640_000), '640 kB'],
    [size(181e6), '181 MB'],
    [size(999.6e6), '1 GB'],
    [size(1.44e9), '1.4 GB'],
    [sizeOf(7.1e9, 16e9), '7.1 of 16 GB'],
    [sizeOf(0.5e9, 16e9), '0.5 of 16 GB'],
    [rate(4200), '4.2 kB/s'],
    [figure('size', null), '–'],
  ])('%s', (said, wanted) => expect(said).toBe(wanted));

  it('leave out what was not measured', () => {
    expect([average([1, null, 3]), highest([1, null, 3])]).toEqual([2, 3]);
    expect([average([null]), highest([])]).toEqual([null, null]);
  });
});

describe('a chart', () => {
  const same = (value: number) => value;

  it('breaks its line where nothing was measured', () => {
    expect(pieces([1, 2, null, 3, null], same, same)).toBe('M0.0 1.0L1.0 2.0');
    expect(pieces([null], same, same)).toBe('');
    expect(lone([1, 2, null, 3, null])).toEqual([3]);
    expect(ground([null, 1, 2], same, same, 9)).toBe('M1.0 9L1.0 1.0L2.0 2.0L2.0 9Z');
  });

  it('has round levels that hold the highest value', () => {
    expect(levels(1, 'share')).toEqual([0, 0.5, 1]);
    expect(levels(0.07, 'share')).toEqual([0, 0.02, 0.04, 0.06, 0.08]);
    expect(levels(0, 'share')).toEqual([0, 0.005, 0.01]);
    for (const highest of [1, 999, 1000, 1001, 3.7e6, 2.49e7, 9.99e9])
      expect(levels(highest, 'size').at(-1)).toBeGreaterThanOrEqual(highest);
  });

  it('has round times, also where the clocks differ by half an hour', () => {
    expect(times(0, 1800, 4, 0)).toEqual([0, 600, 1200, 1800]);
    expect(times(100, 1900, 4, 0)).toEqual([600, 1200, 1800]);
    expect(times(0, 7 * 86400, 7, -19800)).toContain(86400 - 19800);
    expect(times(0, 7 * 86400, 8, 0)).toHaveLength(8);
  });

  it('as a table begins where something was measured and ends with the present', () => {
    expect(rowsOf([[1, 2, 3, 4, 5]], 2)).toEqual([1, 4]);
    expect(rowsOf([[1, null, 3, 4, 5, null]], 2)).toEqual([1, 4]);
    expect(
      rowsOf(
        [
          [null, null, 3, 4],
          [null, 1, 3, null],
        ],
        12,
      ),
    ).toEqual([1, 2, 3]);
    expect(rowsOf([[null, null]], 12)).toEqual([]);
    expect(rowsOf([], 12)).toEqual([]);
  });
});

describe('the address of a view', () => {
  const read = (query: string) => viewOf(new URLSearchParams(query));

  it('says what is not usual, and is read back', () => {
    for (const query of ['', 'window=7d', 'project=shop&stage=dev', 'window=2h&instance=a1b2c3&as=table'])
      expect(addressOf(read(query))).toBe(query ? `/metrics?${query}` : '/metrics');
  });

  it('is as if what makes no sense were not there', () => {
    expect(read('window=1y&stage=dev&as=poem')).toEqual({
      window: '30m',
      project: null,
      stage: null,
      instance: null,
      as: 'charts',
    });
  });
});

const LINES = { cpu: [0.1], memory: [1], received: [1], sent: [1] };

function used(instance: string, stage: string, changes: Partial<InstanceMetrics> = {}): InstanceMetrics {
  return { instance, project: 'shop', stage, tag: 'v1', status: 'running', lines: LINES, ...changes };
}

describe('the lines of many instances', () => {
  it('keep the colour of their stage over a deploy', () => {
    const found = looks([used('a', 'dev'), used('b', 'rel'), used('c', 'dev', { status: 'removed' })]);
    expect(found.get('a')).toEqual(found.get('c'));
    expect(found.get('a')).not.toEqual(found.get('b'));
  });

  it('look different where they are shown at first', () => {
    const many = Array.from({ length: 40 }, (_, n) => used(`i${n}`, `s${(n * 7) % 40}`));
    const found = [...first(many)].map((id) => JSON.stringify(looks(many).get(id)));
    expect(new Set(found).size).toBe(FEW);
  });

  it('are those of the busiest stages at first', () => {
    const many = Array.from({ length: 12 }, (_, n) => used(`i${n}`, `s${n}`));
    expect([...first([...many, used('old', 's0')])]).toEqual([
      ...many.slice(0, FEW).map((one) => one.instance),
      'old',
    ]);
  });

  it('are told apart by id where stage and tag are the same', () => {
    expect([...labels([used('a', 'dev'), used('b', 'dev'), used('c', 'rel')]).values()]).toEqual([
      'shop/dev v1 a',
      'shop/dev v1 b',
      'shop/rel v1',
    ]);
  });
});

describe('the history', () => {
  const nobody: MetricsHistory = {
    at: 100,
    due: 4.2,
    start: 0,
    step: 10,
    points: 1,
    machine: { cpu: [null], memory: [null], received: [null], sent: [null] },
    instances: [],
    left_out: 0,
  };
  const history = async (metrics: Partial<MetricsHistory>) => {
    const found = new History(viewOf(new URLSearchParams()), async (): Promise<Shown> => {
      return { metrics: { ...nobody, ...metrics }, deploys: [] };
    });
    await found.load();
    return found;
  };

  it('is asked for again when it has something new to show', async () => {
    expect((await history({})).wait).toBe(5);
    expect((await history({ instances: [used('a', 'dev')] })).wait).toBe(10);
    expect((await history({ instances: [used('a', 'dev')], step: 1800 })).wait).toBe(60);
  });

  it('is empty until something was measured', () => {
    expect(isEmpty(nobody)).toBe(true);
    expect(isEmpty({ ...nobody, machine: { ...nobody.machine, cpu: [0] } })).toBe(false);
    expect(isEmpty({ ...nobody, instances: [used('a', 'dev')] })).toBe(false);
  });

  it('is not asked for while nobody sees it, and not any more after the end', async () => {
    vi.useFakeTimers();
    const ask = vi.fn(async (): Promise<Shown> => ({ metrics: nobody, deploys: [] }));
    const found = new History(viewOf(new URLSearchParams()), ask);
    const visible = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible');
    const end = found.follow();
    await vi.advanceTimersByTimeAsync(5100);
    expect(ask).toHaveBeenCalledTimes(2);
    visible.mockReturnValue('hidden');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).toHaveBeenCalledTimes(2);
    visible.mockReturnValue('visible');
    await vi.advanceTimersByTimeAsync(6000);
    expect(ask.mock.calls.length).toBeGreaterThan(2);
    end();
    const calls = ask.mock.calls.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask).toHaveBeenCalledTimes(calls);
    vi.useRealTimers();
    visible.mockRestore();
  });
});
