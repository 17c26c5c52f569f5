import { describe, expect, it } from 'vitest';
import { cards } from '#lib/board/cards.ts';
import { markOf, worst } from '#lib/status.ts';
import { aDeploy, anInstance } from './made.ts';

describe('the cards of a stage', () => {
  it('show what serves, with the deploy that is to replace it', () => {
    const underWay = aDeploy({ id: 2, status: 'running', instance: 'new', replaces: 'a1b2c3' });
    const found = cards(
      [anInstance({ id: 'new', serving: false, status: 'starting' }), anInstance()],
      [underWay],
    );
    expect(found.map((card) => [card.key, card.mark, card.deploy?.id])).toEqual([['a1b2c3', 'deploying', 2]]);
  });

  it('show a first deploy although nothing is there yet', () => {
    expect(cards([], [aDeploy({ id: 2, status: 'queued' })])).toMatchObject([{ mark: 'queued' }]);
  });

  it('leave out what was replaced, and begin with what failed', () => {
    const old = anInstance({ id: 'old', serving: false, wanted: false, status: 'stopped', created: 50 });
    const other = anInstance({ id: 'b', slot: 'b', status: 'missing' });
    expect(cards([old, anInstance(), other], []).map((card) => card.key)).toEqual(['b', 'a1b2c3']);
  });
});

describe('marks', () => {
  it('tell a stop by a person from an end that nobody wanted', () => {
    expect(markOf(anInstance({ status: 'stopped', wanted: false }))).toBe('stopped');
    expect(markOf(anInstance({ status: 'stopped', wanted: true }))).toBe('failed');
  });

  it('of a group are its worst', () => {
    expect(worst(['running', 'degraded', 'deploying'])).toBe('degraded');
    expect(worst([])).toBe('unknown');
  });
});
