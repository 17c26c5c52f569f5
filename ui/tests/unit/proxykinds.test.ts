import { describe, expect, it } from 'vitest';
import { KINDS, OPTIONS, sentProxy, started, type Option } from '#lib/connections/proxykinds.ts';

const empty = Object.fromEntries(OPTIONS.map((name) => [name, ''])) as Record<Option, string>;
const fields = {
  kind: 'npm',
  url: ' http://npm:81 ',
  address: 'http://npm',
  username: 'bot@example.com',
  ...empty,
};

describe('a proxy as a form', () => {
  it('sends what its kind has, without what is empty', () => {
    expect(sentProxy({ ...fields, reach: ' 172.17.0.1 ', server: 'main' }, {})).toEqual({
      kind: 'npm',
      url: 'http://npm:81',
      address: 'http://npm',
      username: 'bot@example.com',
      options: { reach: '172.17.0.1' },
    });
  });

  it('keeps an option that the form does not know, and drops one that was emptied', () => {
    expect(sentProxy(fields, { later: 'x', reach: '10.0.0.1' }).options).toEqual({ later: 'x' });
  });

  it('sends nothing of a login or an address where the kind has none', () => {
    expect(sentProxy({ ...fields, kind: 'published' }, {})).toEqual({
      kind: 'published',
      url: null,
      address: null,
      username: null,
      options: {},
    });
    expect(sentProxy({ ...fields, kind: 'caddy' }, {}).username).toBeNull();
  });

  it('begins anew with another kind, but for what a person typed', () => {
    const begun = { url: KINDS.npm!.url, address: 'http://10.0.0.5:80' };
    expect(started(begun, 'caddy')).toEqual({ url: KINDS.caddy!.url, address: 'http://10.0.0.5:80' });
    expect(started({ url: '', address: '' }, 'traefik').url).toBe(KINDS.traefik!.url);
  });
});
