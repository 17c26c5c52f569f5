import { describe, expect, it } from 'vitest';
import { read } from '#lib/state/early.ts';

const answer = (body: unknown, place?: string, status = 200) =>
  Promise.resolve(Response.json(body, { status, headers: place ? { 'Forge-Place': place } : {} }));

describe('what was asked for before the code had come', () => {
  it('is the present as of the earlier of its places', async () => {
    const found = await read({ projects: answer(['shop'], '12'), underWay: answer([1], '9') });
    expect(found).toEqual({ projects: ['shop'], underWay: [1], place: '9' });
  });

  it('is nothing if it was refused, broken off, or says no place', async () => {
    const good = () => answer([], '9');
    expect(await read({ projects: answer({}, '9', 401), underWay: good() })).toBeNull();
    expect(await read({ projects: good(), underWay: Promise.reject(new TypeError('cut')) })).toBeNull();
    expect(await read({ projects: answer([]), underWay: answer([]) })).toBeNull();
  });
});
