import { describe, expect, it } from 'vitest';
import type { Engine } from '#lib/api/types.ts';
import { bodyOf, fieldsOf } from '#lib/connections/engine.ts';

const anEngine = (changes: Partial<Engine> = {}): Engine => ({
  name: 'far',
  url: 'tcp://10.0.0.5:2376',
  ca: null,
  certificate: null,
  certs: null,
  insecure: false,
  listen: null,
  address: null,
  has_key: false,
  ...changes,
});

describe('an engine’s form', () => {
  it.each([
    [{ ca: 'CA', certificate: 'C' }, 'pem'],
    [{ certs: '/etc/certs' }, 'folder'],
    [{ insecure: true }, 'none'],
    [{ url: 'tcp://127.0.0.1:2375' }, 'none'],
    [{ url: 'https://far.example' }, 'pem'],
    [{ url: 'ssh://far' }, 'pem'],
  ] as [Partial<Engine>, string][])('finds out what proves %j', (changes, proof) => {
    expect(fieldsOf(anEngine(changes)).proof).toBe(proof);
  });

  it('sends back what it was given', () => {
    const { name: _, has_key: __, ...rest } = anEngine({ ca: 'CA', certificate: 'C', listen: '10.0.0.5' });
    expect(bodyOf(fieldsOf(anEngine(rest)))).toEqual(rest);
  });

  it('tells nothing that the address has no use for', () => {
    const fields = { ...fieldsOf(anEngine({ ca: 'CA', certificate: 'C' })), url: 'ssh://ann@far ' };
    expect(bodyOf(fields)).toMatchObject({
      url: 'ssh://ann@far',
      ca: null,
      certificate: null,
      insecure: false,
    });
    const open = { ...fieldsOf(anEngine({ ca: 'CA' })), proof: 'none' as const };
    expect(bodyOf(open)).toMatchObject({ ca: null, insecure: true });
    expect(bodyOf(fieldsOf(undefined))).toMatchObject({ url: null, listen: null, insecure: false });
  });
});
