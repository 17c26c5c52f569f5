import { describe, expect, it } from 'vitest';
import { measure, runs, scale } from '#lib/deploy/measure.ts';
import { took } from '#lib/format.ts';
import { aDeploy, aStep } from './made.ts';

const MEASURED = { sent: 4, failed: 1, slowest: 40, switch: 900, answered_by: 'a1b2c3' };

/** Steps by name: when they began and ended, and what they noted. */
const steps = (...all: [string, number, number, string?][]) =>
  all.map(([name, started, ended, note = ''], position) =>
    aStep({ position, name, status: 'done', started, ended, note }),
  );

const sideBySide = steps(
  ['start', 0, 1],
  ['wait until healthy', 1, 3],
  ['switch route', 3, 3.5],
  ['confirm through the route', 3.5, 4],
  ['drain and stop the old', 4, 6],
  ['go live', 6, 6],
);

describe('the switch', () => {
  it('is measured from when the proxy was told', () => {
    const found = measure(aDeploy({ replaces: 'old111', measured: MEASURED }), sideBySide)!;
    expect([found.ordered, found.seen, found.drained, found.gap]).toEqual([0.5, 0.9, 2, null]);
    expect(found.old.map((one) => [one.state, one.from, one.to])).toEqual([
      ['serves', 0, 3.5],
      ['ends', 3.5, 6],
    ]);
    expect(found.fresh.map((one) => one.state)).toEqual(['proves', 'waits', 'serves']);
  });

  it('in place says for how long nothing answered', () => {
    const inPlace = [...steps(['stop the old', -2, -1]), ...sideBySide.slice(0, 4)];
    const found = measure(aDeploy({ replaces: 'old111', strategy: 'in_place' }), inPlace)!;
    expect([found.gap, found.from, found.old[0]!.state]).toEqual([6, -2, 'ends']);
  });

  it('is not claimed before it happened, nor where there was none', () => {
    expect(measure(aDeploy({ replaces: 'old111' }), sideBySide.slice(0, 3))).toBeNull();
    const failed = sideBySide.map((step) => ({ ...step, status: 'undone' as const }));
    expect(measure(aDeploy({ replaces: 'old111' }), failed)).toBeNull();
    expect(measure(aDeploy({ replaces: null }), sideBySide)).toBeNull();
    expect(measure(aDeploy({ replaces: null, measured: MEASURED }), sideBySide)?.seen).toBe(0.9);
  });
});

describe('probes', () => {
  it('that found the same one after the other are one line', () => {
    const refused = (at: number) => ({ at, healthy: null, text: 'connection refused' });
    const found = runs([refused(0), refused(1), { at: 2, healthy: true, text: '200 in 3 ms' }, refused(3)]);
    expect(found.map((run) => [run.from, run.to, run.count])).toEqual([
      [0, 1, 2],
      [2, 2, 1],
      [3, 3, 1],
    ]);
  });

  it('stand on a scale of round numbers', () => {
    expect(scale(6)).toEqual([0, 2, 4, 6]);
    expect(scale(0.05)).toEqual([0, 0.01, 0.02, 0.03, 0.04, 0.05]);
    expect(scale(61)).toEqual([0, 20, 40, 60]);
    expect(scale(0)).toEqual([0]);
  });
});

describe('a time', () => {
  it('is said as exactly as matters', () => {
    expect([0.0004, 0.0123, 0.4, 12.3, 75].map(took)).toEqual([
      '1 ms',
      '12 ms',
      '0.4 s',
      '12 s',
      '1 min 15 s',
    ]);
  });
});
