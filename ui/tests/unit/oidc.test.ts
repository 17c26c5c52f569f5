import { expect, test } from 'vitest';
import { KEEP } from '#lib/ui/SecretField.svelte';
import { bodyOf, draftOf, emptyGroup, type OidcView } from '#lib/oidc/draft.ts';

const known: OidcView = {
  issuer: 'https://id.example.org/',
  client_id: 'forge',
  label: 'By Example',
  scopes: ['openid', 'groups'],
  name_claim: 'email',
  groups_claim: 'roles',
  groups: [
    { group: 'ops', role: 'admin', projects: null },
    { group: 'web', role: 'deployer', projects: ['shop', 'blog'] },
  ],
  others: 'viewer',
  ca: null,
  has_secret: true,
};

test('what Forge has is sent back as it was, and the secret stays', () => {
  const { has_secret: _, ...same } = known;
  expect(bodyOf(draftOf(known, ''), KEEP)).toEqual(same);
});

test('a new one begins with a group of admins to be named, and refuses the others', () => {
  const draft = draftOf(null, 'Sign in');
  expect([draft.label, draft.others, draft.groups]).toEqual([
    'Sign in',
    '',
    [{ group: '', role: 'admin', projects: '' }],
  ]);
  expect(bodyOf(draft, KEEP).groups).toEqual([]);
});

test('projects are names with commas or spaces, none are all, and an admin has none', () => {
  const groups = [
    { ...emptyGroup(), group: ' a ', projects: 'shop,blog  wiki' },
    { ...emptyGroup(), group: 'b', projects: ' ' },
    { group: 'c', role: 'admin', projects: 'shop' },
  ];
  expect(bodyOf({ ...draftOf(null, ''), groups }, KEEP).groups).toEqual([
    { group: 'a', role: 'viewer', projects: ['shop', 'blog', 'wiki'] },
    { group: 'b', role: 'viewer', projects: null },
    { group: 'c', role: 'admin', projects: null },
  ]);
});

test('a secret is sent only where it is to change', () => {
  const draft = draftOf(known, '');
  expect('secret' in bodyOf(draft, KEEP)).toBe(false);
  expect(bodyOf(draft, { change: 'set', value: 'x' }).secret).toBe('x');
  expect(bodyOf(draft, { change: 'remove', value: '' }).secret).toBe(null);
});
