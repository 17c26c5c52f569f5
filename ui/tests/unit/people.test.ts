import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { tell } from '#lib/activity/tell.ts';
import { api, ok, Problem } from '#lib/api/client.ts';
import type { Happening, Person, SessionView, Token } from '#lib/api/types.ts';
import type { Live } from '#lib/live/live.svelte.ts';
import { lostWith, removePerson } from '#lib/people/actions.ts';
import { agentOf } from '#lib/people/agent.ts';
import { makePassword } from '#lib/people/passwords.ts';
import { own, People, people } from '#lib/people/people.svelte.ts';
import PersonForm from '#lib/people/PersonForm.svelte';
import { provenBy } from '#lib/people/proof.ts';
import QrCode from '#lib/people/QrCode.svelte';
import RecoveryCodes from '#lib/people/RecoveryCodes.svelte';
import { ends, snippetOf, sorted, standing } from '#lib/people/tokens.ts';
import { offered } from '#lib/settings/sections.ts';
import { commands } from '#lib/shell/commands.ts';
import { comeBack, goToSignIn } from '#lib/shell/comeback.ts';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { board, live, session } from '#lib/state/forge.svelte.ts';
import { toasts } from '#lib/state/toasts.svelte.ts';
import { aProject, aStage, aWho } from './made.ts';

const aPerson = (changes: Partial<Person> = {}): Person => ({
  name: 'ben',
  role: 'deployer',
  projects: ['shop'],
  password: true,
  totp: false,
  created: 100,
  signed_in: null,
  sessions: 0,
  tokens: 0,
  ...changes,
});
const aToken = (changes: Partial<Token> = {}): Token => ({
  id: 1,
  name: 'ci',
  person: 'ann',
  role: 'deployer',
  project: null,
  stage: null,
  made: 100,
  expires: null,
  used: null,
  ended: null,
  ...changes,
});
const aSession = (changes: Partial<SessionView> = {}): SessionView => ({
  id: 'a',
  name: 'ann',
  person: true,
  made: 100,
  seen: 100,
  ends: 900,
  address: '10.0.0.1',
  agent: '',
  current: false,
  ...changes,
});

beforeEach(() => {
  session.who = aWho();
  session.state = 'in';
  dialogs.close();
  vi.restoreAllMocks();
});

describe('who may', () => {
  it.each([
    [{ role: 'viewer' }, 'deployer', 'shop', false],
    [{ role: 'deployer' }, 'deployer', 'shop', true],
    [{ role: 'deployer', projects: ['shop'] }, 'deployer', 'shop', true],
    [{ role: 'deployer', projects: ['shop'] }, 'deployer', 'search', false],
    [{ role: 'deployer', projects: ['shop'] }, 'deployer', undefined, true],
    [{ role: 'deployer' }, 'admin', 'shop', false],
    [{ role: 'admin' }, 'deployer', 'search', true],
  ] as const)('%j as %s in %s: %s', (who, role, project, may) => {
    session.who = aWho(who as object);
    expect(session.may(role, project)).toBe(may);
  });

  it('leaves to others than admins only what is theirs in the settings', () => {
    session.who = aWho({ role: 'deployer' });
    expect(offered().map(({ id }) => id)).toEqual(['browser', 'account', 'tokens']);
    session.who = aWho();
    expect(offered().map(({ id }) => id)).toContain('people');
  });

  it('offers in the palette what may be done in each project', async () => {
    const projects = ['shop', 'search'].map((name) =>
      aProject({ name, stages: [aStage({ project: name, instances: [], last_deploy: null })] }),
    );
    vi.spyOn(api, 'GET').mockImplementation((async (path: string) => ({
      data: path === '/api/projects' ? projects : path === '/api/health' ? { parts: [] } : [],
      response: new Response(),
    })) as never);
    await board.load();
    session.who = aWho({ role: 'deployer', projects: ['shop'] });
    const ids = commands().map(({ id }) => id);
    expect(ids).toContain('deploy shop/dev');
    expect(ids).not.toContain('deploy search/dev');
    expect(ids).not.toContain('settings people');
  });
});

describe('being signed in', () => {
  const answer = (who: object) =>
    vi.spyOn(api, 'GET').mockResolvedValue({ data: who, response: new Response() } as never);

  it('loads the board anew when one’s rights became others', async () => {
    vi.spyOn(live, 'start').mockImplementation(() => {});
    const load = vi.spyOn(board, 'load').mockResolvedValue();
    answer(aWho());
    await session.check();
    expect(load).not.toHaveBeenCalled();
    answer(aWho({ role: 'deployer', projects: ['shop'] }));
    await session.check();
    expect(load).toHaveBeenCalledOnce();
  });

  it('ends with what is open over the page', () => {
    const stop = vi.spyOn(live, 'stop').mockImplementation(() => {});
    dialogs.palette = true;
    session.lost();
    expect([session.state, session.who, dialogs.any]).toEqual(['lost', null, false]);
    expect(stop).toHaveBeenCalledOnce();
  });

  it('does not end when a password is wrong that was asked for once more', async () => {
    const fault = new Problem(401, 'wrong_password', 'This is not your password.');
    await expect(provenBy('old', Promise.reject(fault))).rejects.toMatchObject({
      fields: { old: 'This is not your password.' },
    });
    const other = new Problem(422, 'weak', 'Too short', { new: 'Too short' });
    await expect(provenBy('old', Promise.reject(other))).rejects.toMatchObject({
      fields: { new: 'Too short' },
    });
  });

  it.each([
    ['wrong_password', 'in'],
    ['wrong_code', 'in'],
    ['unauthorized', 'lost'],
  ])('401 with %s: one is %s', async (code, state) => {
    vi.spyOn(live, 'stop').mockImplementation(() => {});
    const answer = { error: { code, detail: 'No.' }, response: new Response(null, { status: 401 }) };
    await expect(ok(Promise.resolve(answer))).rejects.toThrow('No.');
    expect(session.state).toBe(state);
  });

  it('leads back to where one wanted to be, once', () => {
    const go = vi.fn();
    goToSignIn('/deploys/42?x=1', go);
    expect(go).toHaveBeenCalledWith('/sign-in');
    expect([comeBack(), comeBack()]).toEqual(['/deploys/42?x=1', null]);
    goToSignIn('/deploys/42', go);
    goToSignIn(null, go);
    expect(comeBack()).toBeNull();
    sessionStorage.setItem('forge.place', '//elsewhere.example');
    expect(comeBack()).toBeNull();
  });
});

describe('people', () => {
  const source = () => ({
    people: vi.fn(async () => [aPerson()]),
    me: vi.fn(),
    sessions: vi.fn(async () => []),
    tokens: vi.fn(async () => []),
  });

  it('are kept live for an admin, and asked for now and then for others', async () => {
    vi.useFakeTimers();
    const asked = source();
    const list = new People(asked);
    let hear = () => {};
    const stream = {
      subscribe: vi.fn(({ topic, onFrame }) => {
        expect(topic).toBe('people');
        hear = () => onFrame({});
        return () => {};
      }),
    } as unknown as Live;
    const leave = list.follow(stream, aWho(), 'people');
    hear();
    hear();
    await vi.advanceTimersByTimeAsync(200);
    expect(asked.people).toHaveBeenCalledTimes(2);
    leave();
    const stop = list.follow(stream, aWho({ role: 'viewer' }), 'tokens');
    await vi.advanceTimersByTimeAsync(31_000);
    expect(asked.tokens).toHaveBeenCalledTimes(2);
    expect(stream.subscribe).toHaveBeenCalledTimes(1);
    stop();
    vi.useRealTimers();
  });

  it('of an admin are not shown to who signs in after them', async () => {
    const list = new People(source());
    const stream = { subscribe: () => () => {} } as unknown as Live;
    list.follow(stream, aWho(), 'people')();
    await vi.waitFor(() => expect(list.people.value).toHaveLength(1));
    list.follow(stream, aWho({ name: 'vera', role: 'viewer' }), 'tokens')();
    expect(list.people.value).toBeNull();
  });

  it('have sessions of their own, the browser that asks first', () => {
    const sessions = [
      aSession({ id: 'late', seen: 300 }),
      aSession({ id: 'owner', person: false }),
      aSession({ id: 'other', name: 'ben' }),
      aSession({ id: 'here', current: true }),
    ];
    expect(own(sessions, { name: 'ann', person: true }).map(({ id }) => id)).toEqual(['here', 'late']);
  });

  it('are removed with a word on what goes with them', () => {
    expect(lostWith(aPerson({ sessions: 2, tokens: 1 })).join(' ')).toMatch(
      /2 sessions end .* 1 API token opens nothing/,
    );
    expect(lostWith(aPerson())).toHaveLength(1);
  });

  it('cannot lose their only admin: the reason is a dialog that leads on', async () => {
    const refusal = { code: 'last_admin', detail: 'ann is the only admin: make another one first' };
    vi.spyOn(api, 'DELETE').mockResolvedValue({
      error: refusal,
      response: new Response(null, { status: 409 }),
    } as never);
    vi.spyOn(people.people, 'load').mockResolvedValue();
    const done = removePerson(aPerson({ name: 'ann', role: 'admin' }));
    dialogs.question!.answer(true);
    await vi.waitFor(() => expect(dialogs.question?.body[0]).toBe(refusal.detail));
    expect(dialogs.question!.action).toBe('Add a person');
    dialogs.question!.answer(false);
    await done;
  });

  it('are not made without a project where only some are chosen', async () => {
    const post = vi.spyOn(api, 'POST');
    render(PersonForm, { onclose: () => {} });
    await fireEvent.click(screen.getByLabelText('Deployer', { exact: false }));
    await fireEvent.click(screen.getByLabelText('Only some'));
    await fireEvent.click(screen.getByRole('button', { name: 'Add' }));
    expect(screen.getByText('Choose at least one project.')).toBeVisible();
    expect(post).not.toHaveBeenCalled();
  });

  it('get passwords that are made evenly, without letters that are taken for another', () => {
    const bytes = [255, 250, ...Array.from({ length: 20 }, (_, n) => n)]; // the first two are thrown away
    const made = makePassword((byte) => void (byte[0] = bytes.shift()!));
    expect(made).toBe('abcd-efgh-jkmn-pqrs-tuvw');
    expect(makePassword()).toMatch(/^([a-z2-9]{4}-){4}[a-z2-9]{4}$/);
    expect(makePassword()).not.toBe(makePassword());
  });
});

it.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0', 'Firefox', 'Linux', false],
  [
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140',
    'Edge',
    'Windows',
    false,
  ],
  [
    'Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36',
    'Chrome',
    'Android',
    true,
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1',
    'Safari',
    'iOS',
    true,
  ],
  ['curl/8.5', null, null, false],
])('a browser that says %s', (said, browser, system, small) => {
  expect(agentOf(said)).toEqual({ browser, system, small });
});

describe('tokens', () => {
  it('stand until they end or are ended', () => {
    expect(standing(aToken({ expires: 200 }), 199)).toBe('stands');
    expect(standing(aToken({ expires: 200 }), 200)).toBe('expired');
    expect(standing(aToken({ expires: 200, ended: 150 }), 300)).toBe('ended');
    const { standing: stand, over } = sorted(
      [aToken({ id: 1 }), aToken({ id: 2, ended: 5 }), aToken({ id: 3, made: 200 })],
      300,
    );
    expect([stand.map(({ id }) => id), over.map(({ id }) => id)]).toEqual([[3, 1], [2]]);
  });

  it('end after so many days, or never', () => {
    expect(ends('30', 1000)).toBe(1000 + 30 * 86400);
    expect(ends('never', 1000)).toBeNull();
  });

  it('come with lines that deploy where they may, and never hold the secret', () => {
    const scope = { role: 'deployer', project: 'shop', stage: 'dev' };
    const lines = snippetOf('github', 'https://forge.example', scope);
    expect(lines).toContain('https://forge.example/api/projects/shop/stages/dev/deploys \\\n');
    expect(lines).toContain('FORGE_TOKEN: ${{ secrets.FORGE_TOKEN }}');
    expect(snippetOf('gitlab', 'https://f', scope)).toContain('$CI_COMMIT_TAG');
    expect(snippetOf('curl', 'https://f', { ...scope, project: null, stage: null })).toContain(
      'PROJECT/stages/STAGE',
    );
    const looks = snippetOf('curl', 'https://f', { role: 'viewer', project: 'shop', stage: null });
    expect(looks).toContain('https://f/api/projects/shop \\');
    expect(looks).not.toContain('POST');
  });
});

it('draws a QR code with a margin, in this page', () => {
  const fetched = vi.spyOn(globalThis, 'fetch');
  render(QrCode, { text: 'otpauth://totp/Forge:ann?secret=JBSWY3DPEHPK3PXP', label: 'The secret' });
  const picture = screen.getByRole('img', { name: 'The secret' });
  expect(picture.querySelector('path')!.getAttribute('d')!.startsWith('M4 4h1v1h-1z')).toBe(true);
  expect(fetched).not.toHaveBeenCalled();
});

it('does not close what is shown once before it was taken, unless that is meant', async () => {
  const onclose = vi.fn();
  const { unmount } = render(RecoveryCodes, { name: 'ann', codes: ['abcd-1234'], onclose });
  await fireEvent.click(screen.getByRole('button', { name: 'Done' }));
  expect(onclose).not.toHaveBeenCalled();
  dialogs.question!.answer(false);
  vi.spyOn(toasts, 'show').mockImplementation(() => {});
  await fireEvent.click(
    within(screen.getByRole('list'))
      .getByText('abcd-1234')
      .ownerDocument.querySelector('[aria-label^="Copy"]')!,
  );
  await fireEvent.click(screen.getByRole('button', { name: 'Done' }));
  expect(onclose).toHaveBeenCalledOnce();
  unmount();
});

describe('activity', () => {
  const said = (type: string, payload: object, actor = 'ann') =>
    tell({
      id: 1,
      at: 1,
      type,
      topic: 'people',
      actor,
      project: null,
      stage: null,
      payload,
    } as unknown as Happening);

  it.each([
    ['person_changed', { name: 'ben', change: 'made', role: 'deployer' }, 'ben was added as Deployer'],
    ['person_changed', { name: 'ann', change: 'password' }, 'ann changed the password'],
    ['person_changed', { name: 'ben', change: 'password' }, 'ben got a new password'],
    ['person_changed', { name: 'ben', change: 'something new' }, 'ben was changed'],
    ['signed_in', { name: 'ben', address: '10.0.0.1' }, 'ben signed in from 10.0.0.1'],
    ['sign_in_failed', { name: null, address: '10.0.0.1' }, 'A sign-in failed, from 10.0.0.1'],
    ['session_ended', { name: 'ben', many: 2 }, '2 sessions of ben ended'],
    [
      'token_changed',
      { name: 'ci', change: 'made', project: 'shop', stage: 'dev' },
      'The API token ci was made, for shop/dev',
    ],
    [
      'token_changed',
      { name: 'ci', change: 'ended', project: null, stage: null },
      'The API token ci was ended',
    ],
  ])('%s %j', (type, payload, text) => expect(said(type, payload).text).toBe(text));

  it('marks a failed sign-in', () => {
    expect(said('sign_in_failed', { name: 'ann', address: '::1' }).mark).toBe('failed');
  });
});
