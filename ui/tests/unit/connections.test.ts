import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '#lib/api/client.ts';
import type { Engine, Part, Proxy, Registry, TestAnswer } from '#lib/api/types.ts';
import { remove } from '#lib/connections/actions.ts';
import {
  Connections,
  connections,
  registryOf,
  usersOf,
  type Source,
} from '#lib/connections/connections.svelte.ts';
import { dropDraft } from '#lib/connections/drafts.ts';
import { presetFor } from '#lib/connections/presets.ts';
import RegistryCard from '#lib/connections/RegistryCard.svelte';
import RegistryForm from '#lib/connections/RegistryForm.svelte';
import { Board } from '#lib/state/board.svelte.ts';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { board, session } from '#lib/state/forge.svelte.ts';
import { visited } from './app-navigation.ts';
import { aFrame, aProject, aWho } from './made.ts';

function aRegistry(changes: Partial<Registry> = {}): Registry {
  return {
    name: 'ghcr',
    url: 'https://ghcr.io',
    flavour: 'ghcr',
    username: 'ada',
    interval: 300,
    parallel: 4,
    has_password: true,
    quota: null,
    ca: null,
    ...changes,
  };
}
const aProxy = (changes: Partial<Proxy> = {}): Proxy => ({
  name: 'caddy',
  kind: 'caddy',
  url: 'http://127.0.0.1:2019',
  address: 'http://127.0.0.1:80',
  username: null,
  options: {},
  has_password: false,
  ...changes,
});
const aPart = (name: string, fault: string | null, kind = 'registry'): Part => ({
  kind,
  name,
  ok: fault === null,
  fault,
  since: 100,
});
const anAnswer = (changes: Partial<TestAnswer> = {}): TestAnswer => ({
  ok: true,
  text: 'It answers',
  fault: '',
  version: '',
  quota: null,
  engine: null,
  listen: '',
  ...changes,
});

/** Forge's answers, to be changed by a test. */
function world(answers: {
  registries?: Registry[];
  proxies?: Proxy[];
  engines?: Engine[];
  parts?: Part[];
  test?: () => Promise<TestAnswer>;
}) {
  const source: Source = {
    registries: vi.fn(async () => answers.registries ?? []),
    proxies: vi.fn(async () => answers.proxies ?? []),
    engines: vi.fn(async () => answers.engines ?? []),
    parts: vi.fn(async () => answers.parts ?? []),
    polling: vi.fn(async () => []),
    defaultProxy: vi.fn(async () => 'published'),
    test: vi.fn(answers.test ?? (async () => anAnswer())),
  };
  return { source, known: new Connections(source) };
}

/** The board with these projects. */
function boardWith(...projects: ReturnType<typeof aProject>[]): Board {
  return new Board({
    projects: async () => projects,
    project: async () => projects[0]!,
    underWay: async () => [],
    steps: async () => [],
    parts: async () => [],
  });
}

describe('connections', () => {
  it('are listed with what does not answer first', async () => {
    const { known } = world({
      registries: [aRegistry({ name: 'a' }), aRegistry({ name: 'b' }), aRegistry({ name: 'c' })],
      parts: [aPart('a', null), aPart('c', 'c refuses the connection')],
    });
    await known.load();
    expect(known.sorted('registries').map((one) => one.name)).toEqual(['c', 'a', 'b']);
    expect(known.sorted('registries').map((one) => known.markOf('registries', one))).toEqual([
      'failed',
      'running',
      'unknown',
    ]);
    expect(known.failing('registries')).toBe(1);
  });

  it('say what a test found, also when Forge itself could not ask', async () => {
    const answer = anAnswer({ ok: false, text: 'The login is refused', fault: 'login' });
    const { known } = world({ registries: [aRegistry()], test: async () => answer });
    await known.load();
    await known.test('registries', 'ghcr');
    expect(known.testOf('registries', 'ghcr')?.answer?.fault).toBe('login');
    expect(known.markOf('registries', aRegistry())).toBe('failed');

    const broken = world({ test: async () => Promise.reject(new Problem(0, 'unreachable', 'No answer')) });
    await broken.known.test('engines', 'local');
    expect(broken.known.testOf('engines', 'local')?.answer).toMatchObject({ ok: false, text: 'No answer' });
  });

  it('count an image that is not there as no fault of the registry', async () => {
    const { known } = world({ test: async () => anAnswer({ ok: false, fault: 'repository' }) });
    await known.test('registries', 'ghcr', 'you/nowhere');
    expect(known.markOf('registries', aRegistry())).toBe('degraded');
  });

  it('drop an answer that the stream contradicts, and keep one that it confirms', async () => {
    const { known, source } = world({ registries: [aRegistry()] });
    await known.test('registries', 'ghcr');
    known.hear(aFrame('connection_changed', { kind: 'registry', name: 'ghcr', change: 'back' }));
    expect(known.testOf('registries', 'ghcr')).toBeDefined();
    known.hear(aFrame('connection_changed', { kind: 'registry', name: 'ghcr', change: 'down' }));
    expect(known.testOf('registries', 'ghcr')).toBeUndefined();
    expect(source.parts).toHaveBeenCalledTimes(2);
  });

  it('are loaded anew when somebody changes one', async () => {
    const { known, source } = world({});
    known.hear(aFrame('connection_changed', { kind: 'proxy', name: 'caddy', change: 'changed' }));
    expect(source.proxies).toHaveBeenCalledTimes(1);
    expect(source.engines).not.toHaveBeenCalled();
    known.hear(aFrame('settings_changed', { names: ['default_proxy'] }));
    expect(source.defaultProxy).toHaveBeenCalledTimes(1);
  });

  it('need nothing to answer where there is no proxy', () => {
    const { known } = world({});
    expect(known.markOf('proxies', aProxy({ kind: 'published' }))).toBe('running');
    expect(known.markOf('proxies', aProxy())).toBe('unknown');
  });
});

describe('who uses a connection', () => {
  it.each([
    ['ghcr.io/you/shop', 'ghcr.io'],
    ['127.0.0.1:5000/shop', '127.0.0.1:5000'],
    ['localhost/shop', 'localhost'],
    ['library/nginx', 'docker.io'],
    ['nginx', 'docker.io'],
  ])('%s comes from %s', (image, host) => expect(registryOf(image)).toBe(host));

  it('is told by name, and by the host of the image', async () => {
    const projects = boardWith(
      aProject({ name: 'shop', image: 'ghcr.io/you/shop', proxy: 'caddy' }),
      aProject({ name: 'api', image: 'elsewhere.org/api', registry: 'ghcr', proxy: 'published' }),
      aProject({ name: 'web', image: 'nginx', proxy: 'caddy' }),
    );
    await projects.load();
    expect(usersOf('registries', aRegistry(), projects)).toEqual({ named: ['api'], byHost: ['shop'] });
    const hub = aRegistry({ name: 'hub', url: 'https://registry-1.docker.io', flavour: 'docker_hub' });
    expect(usersOf('registries', hub, projects)).toEqual({ named: [], byHost: ['web'] });
    expect(usersOf('proxies', aProxy(), projects).named).toEqual(['shop', 'web']);
  });
});

describe('a preset', () => {
  it.each([
    ['', 'oci', '', ''],
    ['docker.io', 'docker_hub', 'https://registry-1.docker.io', 'docker-hub'],
    ['ghcr.io', 'ghcr', 'https://ghcr.io', 'ghcr'],
    ['gitea.example.org:3000', 'gitea', 'https://gitea.example.org:3000', 'gitea-example-org-3000'],
    ['127.0.0.1:5000', 'oci', 'http://127.0.0.1:5000', 'r-127-0-0-1-5000'],
    ['https://quay.io/you', 'oci', 'https://quay.io', 'quay-io'],
  ])('for “%s” is %s', (host, flavour, url, name) => expect(presetFor(host)).toEqual({ flavour, url, name }));
});

describe('on the page', () => {
  /** Requests as they were sent: `PUT /api/registries/ghcr` → body. */
  let sent: [string, unknown][];
  let refusal: { status: number; body: unknown } | null;

  beforeEach(() => {
    sent = [];
    refusal = null;
    visited.length = 0;
    session.who = aWho({ name: 'ada', role: 'admin' });
    session.state = 'in';
    dropDraft('registries/ghcr');
    connections.tests.clear();
    vi.stubGlobal('fetch', async (request: Request) => {
      const text = await request.text();
      sent.push([`${request.method} ${new URL(request.url).pathname}`, text ? JSON.parse(text) : undefined]);
      if (refusal && request.method !== 'GET') return Response.json(refusal.body, { status: refusal.status });
      if (request.method === 'DELETE') return new Response(null, { status: 204 });
      return Response.json(request.method === 'GET' ? [] : aRegistry());
    });
  });
  const written = () => sent.find(([what]) => /^(PUT|POST|DELETE) \/api\/registries/.test(what));

  it('a kept password is not sent unless it is replaced or taken away', async () => {
    const user = userEvent.setup();
    const onclose = vi.fn();
    render(RegistryForm, { known: aRegistry(), host: '', onclose });
    expect(screen.getByText('Kept')).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Save and test' }));
    await waitFor(() => expect(onclose).toHaveBeenCalled());
    expect(written()![0]).toBe('PUT /api/registries/ghcr');
    expect(written()![1]).not.toHaveProperty('password');
  });

  it('a password is taken away by null, and replaced by what is typed', async () => {
    const user = userEvent.setup();
    const { unmount } = render(RegistryForm, { known: aRegistry(), host: '', onclose: () => {} });
    await user.click(screen.getByRole('button', { name: 'Remove' }));
    await user.click(screen.getByRole('button', { name: 'Save and test' }));
    await waitFor(() => expect(written()?.[1]).toMatchObject({ password: null }));
    unmount();
    sent.length = 0;
    render(RegistryForm, { known: aRegistry(), host: '', onclose: () => {} });
    await user.click(screen.getByRole('button', { name: 'Replace' }));
    await user.type(screen.getByLabelText('Password or token'), 'hunter2');
    await user.click(screen.getByRole('button', { name: 'Save and test' }));
    await waitFor(() => expect(written()?.[1]).toMatchObject({ password: 'hunter2' }));
  });

  it('authorities of one’s own stay when something else is changed', async () => {
    const user = userEvent.setup();
    const ca = '-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n';
    render(RegistryForm, { known: aRegistry({ ca }), host: '', onclose: () => {} });
    await user.click(screen.getByRole('button', { name: 'Save and test' }));
    await waitFor(() => expect(written()?.[1]).toMatchObject({ ca }));
  });

  it('what was refused is said beside its field', async () => {
    const user = userEvent.setup();
    refusal = {
      status: 422,
      body: { code: 'invalid', detail: '“x” is no address', fields: { url: 'scheme' } },
    };
    render(RegistryForm, { known: aRegistry(), host: '', onclose: () => {} });
    await user.click(screen.getByRole('button', { name: 'Save and test' }));
    await waitFor(() => expect(screen.getByText('“x” is no address')).toBeInTheDocument());
    expect(screen.getByLabelText('Address')).toHaveAttribute('aria-invalid', 'true');
    expect(screen.getByLabelText('Address')).toHaveFocus();
  });

  it('what was typed is there again, without the password', async () => {
    const user = userEvent.setup();
    const first = render(RegistryForm, { known: aRegistry(), host: '', onclose: () => {} });
    await user.type(screen.getByLabelText('User name'), 'lovelace');
    await user.click(screen.getByRole('button', { name: 'Replace' }));
    await user.type(screen.getByLabelText('Password or token'), 'hunter2');
    first.unmount();
    render(RegistryForm, { known: aRegistry(), host: '', onclose: () => {} });
    expect(screen.getByLabelText('User name')).toHaveValue('adalovelace');
    expect(screen.getByText('Kept')).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Start over' }));
    expect(screen.getByLabelText('User name')).toHaveValue('ada');
  });

  it('the exact fault is shown', async () => {
    connections.tests.set('registry ghcr', {
      asking: false,
      at: 100,
      answer: anAnswer({ ok: false, text: 'ghcr.io refuses ada', fault: 'login' }),
    });
    render(RegistryCard, { registry: aRegistry(), onbrowse: () => {} });
    expect(screen.getByText('ghcr.io refuses ada')).toBeInTheDocument();
    expect(screen.getByText('Login refused')).toBeInTheDocument();
    expect(screen.getByText('Does not answer')).toBeInTheDocument();
  });

  it('the quota is shown, and when it is used up until when', () => {
    const quota = { limit: 100, remaining: 7, window: 21_600, until: null };
    const { rerender } = render(RegistryCard, { registry: aRegistry({ quota }), onbrowse: () => {} });
    expect(screen.getByText(/7 of 100 left/)).toBeInTheDocument();
    expect(screen.getByText('per 6 h')).toBeInTheDocument();
    const until = Date.now() / 1000 + 120;
    return rerender({ registry: aRegistry({ quota: { ...quota, remaining: 0, until } }) }).then(() =>
      expect(screen.getByText(/used up/)).toBeInTheDocument(),
    );
  });

  it('removing one that a project names leads to the project instead', async () => {
    board.projects.set('shop', aProject({ registry: 'ghcr' }));
    const asked = remove('registries', aRegistry());
    expect(dialogs.question!.body[0]).toContain('shop');
    dialogs.question!.answer(true);
    await asked;
    expect(visited).toEqual(['/projects/shop']);
    expect(written()).toBeUndefined();
    board.projects.clear();
  });

  it('removing names what is lost', async () => {
    board.projects.set('shop', aProject({ image: 'ghcr.io/you/shop' }));
    const asked = remove('registries', aRegistry());
    expect(dialogs.question!.danger).toBe(true);
    expect(dialogs.question!.body.join(' ')).toMatch(/password is forgotten.*shop come from ghcr\.io/);
    dialogs.question!.answer(true);
    await asked;
    expect(written()![0]).toBe('DELETE /api/registries/ghcr');
    board.projects.clear();
  });
});
