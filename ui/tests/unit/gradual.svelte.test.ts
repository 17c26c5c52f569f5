import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OneByOne, Gradual } from '#lib/ui/gradual.svelte.ts';

const list = Array.from({ length: 100 }, (_, n) => n);
let end = () => {};

function gradual(weight: () => number): Gradual {
  let made: Gradual;
  end = $effect.root(() => void (made = new Gradual(weight)));
  flushSync();
  return made!;
}

function moment() {
  vi.advanceTimersByTime(16);
  flushSync();
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  end();
  vi.useRealTimers();
});

describe('a long list', () => {
  it('is drawn in pieces until all of it is there', () => {
    const drawn = gradual(() => list.length);
    const lengths = [];
    for (let n = 0; n < 6; n += 1) {
      lengths.push(drawn.of(list).length);
      moment();
    }
    expect(lengths).toEqual([24, 48, 72, 96, 100, 100]);
    expect(vi.getTimerCount()).toBe(0);
    drawn.restart();
    flushSync();
    expect(drawn.of(list)).toEqual(list.slice(0, 24));
  });

  it('stays whole when what is there comes to weigh more', () => {
    let weight = $state(20);
    const drawn = gradual(() => weight);
    weight = 2000;
    flushSync();
    expect(drawn.of(list, () => 20)).toEqual(list);
  });

  it('counts what is heavy for more, and shows at least one', () => {
    const drawn = gradual(() => 1000);
    expect(drawn.of(list, () => 10)).toEqual([0, 1]);
    expect(drawn.of(list, () => 100)).toEqual([0]);
  });

  it('is whole at once when it is short', () => {
    const drawn = gradual(() => 3);
    expect([drawn.whole, drawn.of([1, 2, 3])]).toEqual([true, [1, 2, 3]]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('what is large', () => {
  it('comes one after another, and goes at once', () => {
    let wanted = $state(['a', 'b', 'c', 'd', 'e']);
    let large: OneByOne;
    end = $effect.root(() => void (large = new OneByOne(() => wanted)));
    flushSync();
    const here = () => ['a', 'b', 'c', 'd', 'e', 'f'].filter((name) => large!.has(name)).join('');
    const seen = [here()];
    for (let n = 0; n < 4; n += 1) {
      moment();
      moment();
      seen.push(here());
    }
    expect(seen).toEqual(['a', 'ab', 'abc', 'abcd', 'abcde']);
    wanted = ['e', 'f'];
    flushSync();
    expect(here()).toBe('ef');
  });
});
