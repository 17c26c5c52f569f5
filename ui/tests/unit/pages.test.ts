import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fits, queryOf } from '#lib/deploys/narrow.ts';
import { Pages } from '#lib/state/pages.svelte.ts';
import { aDeploy } from './made.ts';

const row = (id: number, text = '') => ({ id, text });

/** Forge with the rows 1 to `newest`, two a page. */
function listOf(newest: number) {
  const forge = { newest, asked: 0, refuses: false };
  const pages = new Pages(async ({ before = Infinity, limit }) => {
    forge.asked += 1;
    if (forge.refuses) throw new Error('no');
    return Array.from({ length: forge.newest }, (_, n) => row(forge.newest - n))
      .filter((one) => one.id < before)
      .slice(0, limit);
  }, 2);
  const ids = () => pages.rows.map((one) => one.id);
  return { forge, pages, ids };
}

describe('a list by pages', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('fetches what is older when it is wanted, until there is no more', async () => {
    const { pages, ids } = listOf(5);
    await pages.load();
    expect([ids(), pages.more, pages.loading]).toEqual([[5, 4], true, false]);
    await pages.older();
    await pages.older();
    expect([ids(), pages.more]).toEqual([[5, 4, 3, 2, 1], false]);
  });

  it('puts what is new on top, changes what is there, and takes away what no longer fits', async () => {
    const { pages, ids } = listOf(3);
    await pages.load();
    pages.put(row(4));
    pages.put(row(3, 'changed'));
    expect([ids(), pages.rows[1]!.text]).toEqual([[4, 3, 2], 'changed']);
    pages.put(row(3), false);
    pages.put(row(5), false);
    pages.put(row(1)); // its page was not asked for
    expect(ids()).toEqual([4, 2]);
  });

  it('keeps the past when it looks again, unless something is missing in between', async () => {
    const { forge, pages, ids } = listOf(4);
    await pages.load();
    await pages.older();
    forge.newest = 5;
    await pages.load();
    expect(ids()).toEqual([5, 4, 3, 2, 1]);
    forge.newest = 9;
    await pages.load();
    expect([ids(), pages.more]).toEqual([[9, 8], true]);
  });

  it('looks once however often it is told to', async () => {
    const { forge, pages } = listOf(3);
    for (let n = 0; n < 100; n += 1) pages.loadSoon();
    await vi.advanceTimersByTimeAsync(1100);
    expect(forge.asked).toBe(1);
    pages.loadSoon();
    pages.stop();
    await vi.advanceTimersByTimeAsync(1100);
    expect(forge.asked).toBe(1);
  });

  it('believes what it was told while it asked rather than an older answer', async () => {
    const { pages, ids } = listOf(3);
    const loading = pages.load();
    pages.put(row(4));
    pages.put(row(3, 'ended'));
    pages.put(row(2), false);
    await loading;
    expect([ids(), pages.rows[1]!.text, pages.more]).toEqual([[4, 3], 'ended', true]);
  });

  it('says what went wrong, and goes on with what it has', async () => {
    const { forge, pages, ids } = listOf(4);
    await pages.load();
    forge.refuses = true;
    await pages.older();
    expect([ids(), pages.problem?.message, pages.fetching]).toEqual([[4, 3], 'no', false]);
    forge.refuses = false;
    await pages.older();
    expect([ids(), pages.problem]).toEqual([[4, 3, 2, 1], null]);
  });

  it('drops an answer that comes after it was left', async () => {
    const { pages, ids } = listOf(3);
    const loading = pages.load();
    pages.stop();
    await loading;
    expect(ids()).toEqual([]);
  });
});

describe('narrowing deploys', () => {
  it('holds an event to what Forge is asked', () => {
    const failed = { project: 'shop', stage: '', outcome: 'failed' } as const;
    expect(queryOf(failed)).toEqual({ project: 'shop', status: ['failed', 'stuck'] });
    expect(fits(failed, aDeploy({ status: 'stuck' }))).toBe(true);
    expect(fits(failed, aDeploy({ status: 'running' }))).toBe(false);
    expect(fits(failed, aDeploy({ project: 'blog', status: 'failed' }))).toBe(false);
    expect(fits({ project: '', stage: 'rel', outcome: '' }, aDeploy())).toBe(false);
    expect(queryOf({ project: '', stage: '', outcome: '' })).toEqual({});
  });
});
