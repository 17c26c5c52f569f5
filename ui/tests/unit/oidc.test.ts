import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '#lib/api/client.ts';
import type { Live } from '#lib/live/live.svelte.ts';
import OidcForm from '#lib/oidc/OidcForm.svelte';
import { oidc, OidcSettings, type SetUp } from '#lib/oidc/oidc.svelte.ts';
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
  session_lasts: 28800,
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

test('how long a session lasts is a span of time', () => {
  expect(draftOf(known, '').session_lasts).toBe('8 h');
  expect(bodyOf({ ...draftOf(known, ''), session_lasts: '1d 12h' }, KEEP).session_lasts).toBe(129600);
});

const setUp = (more: Partial<OidcView> = {}): SetUp => ({
  oidc: { ...known, ...more },
  redirect_uri: 'https://f/sign-in/oidc/callback',
  logout_uri: 'https://f/api/oidc/logout',
});

beforeEach(() => localStorage.clear());

async function world() {
  const forge = { now: setUp() };
  const put = vi.fn(async (body) => (forge.now = setUp({ ...body, has_secret: true })));
  const form = new OidcSettings({ get: async () => forge.now, put });
  await form.saved.load();
  return { forge, put, form };
}

test('what was typed stays over a reload of the page, but for the secret', async () => {
  const { form } = await world();
  form.type('issuer', 'https://other.example');
  form.type('groups', [{ ...emptyGroup(), group: 'web' }]);
  form.secret = { change: 'set', value: 'canary-secret' };
  expect(form.isTyped).toBe(true);
  expect(JSON.stringify(localStorage)).not.toContain('canary');
  const again = (await world()).form;
  expect([again.value('issuer'), again.value('groups')[0]!.group]).toEqual(['https://other.example', 'web']);
  expect(again.secret).toEqual(KEEP);
  again.discard();
  expect([again.value('issuer'), again.isTyped]).toEqual([known.issuer, false]);
  expect((await world()).form.isTyped).toBe(false);
});

test('what is typed back is not typed', async () => {
  const { form } = await world();
  form.type('label', 'Other');
  form.type('label', known.label!);
  expect(form.isTyped).toBe(false);
});

test('what somebody else changes meanwhile is seen, and stays when what was typed is saved', async () => {
  const { forge, put, form } = await world();
  let hear: ((frame: { type: string }) => void) | undefined;
  const stream = { subscribe: ({ onFrame }: { onFrame: typeof hear }) => ((hear = onFrame), () => {}) };
  form.follow(stream as unknown as Live);
  form.type('label', 'Typed');
  forge.now = setUp({ others: 'deployer', label: 'Theirs' });
  hear!({ type: 'session_ended' });
  expect(form.value('others')).toBe('viewer');
  hear!({ type: 'oidc_changed' });
  await vi.waitFor(() => expect(form.value('others')).toBe('deployer'));
  expect(form.value('label')).toBe('Typed');
  forge.now = setUp({ others: '' });
  expect(await form.save()).toBe(true);
  expect(put).toHaveBeenCalledWith(expect.objectContaining({ label: 'Typed', others: '' }));
  expect('secret' in put.mock.calls[0]![0]).toBe(false);
  expect(form.isTyped).toBe(false);
});

test('what Forge refuses stays typed, with what is wrong until it is typed anew', async () => {
  const { put, form } = await world();
  form.type('issuer', 'x');
  put.mockRejectedValueOnce(new Problem(422, 'invalid', 'no issuer', { issuer: 'https://' }));
  expect(await form.save()).toBe(false);
  expect([form.value('issuer'), form.faults.issuer]).toEqual(['x', 'no issuer']);
  form.type('issuer', 'https://y');
  expect([form.faults.issuer, form.problem]).toEqual([undefined, null]);
  form.type('session_lasts', 'a while');
  expect(await form.save()).toBe(false);
  expect(form.faults.session_lasts).toContain('8 h');
  expect(put).toHaveBeenCalledTimes(1);
});

test('a group is typed, given a role, and taken away; save and discard are offered once something is typed', async () => {
  oidc.saved.value = setUp();
  oidc.discard();
  render(OidcForm, { known });
  const save = screen.getByRole('button', { name: 'Save' }) as HTMLButtonElement;
  expect(save.disabled).toBe(true);
  await userEvent.type(screen.getAllByLabelText('Group')[1]!, 's');
  await userEvent.selectOptions(screen.getAllByLabelText('Role')[1]!, 'viewer');
  expect(oidc.value('groups')[1]).toEqual({ group: 'webs', role: 'viewer', projects: 'shop, blog' });
  expect(save.disabled).toBe(false);
  await userEvent.click(screen.getByRole('button', { name: 'Take away ops' }));
  expect(oidc.value('groups').map(({ group }) => group)).toEqual(['webs']);
  await userEvent.click(screen.getByRole('button', { name: 'Discard' }));
  expect((screen.getAllByLabelText('Group')[1] as HTMLInputElement).value).toBe('web');
  expect(save.disabled).toBe(true);
});
