import { afterEach, expect, it, vi } from 'vitest';
import { api, ok } from '#lib/api/client.ts';

const cut = () => Promise.reject(new TypeError('Failed to fetch'));
const answer = () => Promise.resolve(new Response('[]', { headers: { 'Content-Type': 'application/json' } }));

afterEach(() => vi.unstubAllGlobals());

function network(...answers: (() => Promise<Response>)[]) {
  const fetch = vi.fn(() => answers.shift()!());
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

it('asks once more when a question was broken off', async () => {
  const fetch = network(cut, answer);
  expect(await ok(api.GET('/api/projects'))).toEqual([]);
  expect(fetch).toHaveBeenCalledTimes(2);
});

it('says that Forge does not answer when it is broken off twice', async () => {
  const fetch = network(cut, cut);
  await expect(ok(api.GET('/api/projects'))).rejects.toMatchObject({ status: 0, code: 'unreachable' });
  expect(fetch).toHaveBeenCalledTimes(2);
});

it('never repeats what changes something, nor waits twice for an answer', async () => {
  const fetch = network(cut);
  const body = { token: 'x', ticket: null, name: null, password: null, code: null };
  await expect(ok(api.POST('/api/session', { body }))).rejects.toMatchObject({ status: 0 });
  expect(fetch).toHaveBeenCalledTimes(1);
  const late = network(() => Promise.reject(new DOMException('late', 'TimeoutError')));
  await expect(ok(api.GET('/api/projects'))).rejects.toMatchObject({ status: 0 });
  expect(late).toHaveBeenCalledTimes(1);
});
