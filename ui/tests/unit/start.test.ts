import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AdoptPlan } from '#lib/api/types.ts';
import { Adoption } from '#lib/start/adoption.svelte.ts';
import { everyFew } from '#lib/start/look.ts';
import { hostOf, isName, isPort, isVariable, wanted } from '#lib/start/names.ts';
import { NewProject } from '#lib/start/newproject.svelte.ts';
import { commands } from '#lib/shell/commands.ts';
import { session } from '#lib/state/forge.svelte.ts';
import { useProxy } from '#lib/start/proxies.ts';
import { aWho } from './made.ts';

const FOUND = {
  image: 'ghcr.io/acme/shop',
  tag: 'dev-12',
  digest: 'sha256:1',
  name: 'shop',
  port: 3000,
  health: { kind: 'http', path: '/up', timeout: null },
  stage: 'dev',
  pattern: 'glob:dev-*',
  why: ['port 3000: the image exposes it'],
  labels: {},
};

/** Answers by method and path; what was asked is in `asked`. */
const asked: { at: string; body: any }[] = [];
function answering(answers: Record<string, unknown>) {
  asked.length = 0;
  vi.stubGlobal('fetch', async (request: Request) => {
    const at = `${request.method} ${new URL(request.url).pathname}`;
    asked.push({ at, body: await request.json().catch(() => null) });
    const answer = answers[at] as { refused?: number } | undefined;
    return Response.json(answer, { status: answer?.refused ?? 200 });
  });
}
const refused = (status: number, code: string, fields: Record<string, string> = {}) => ({
  refused: status,
  code,
  detail: `refused: ${code}`,
  fields,
});

beforeEach(() => localStorage.clear());

describe('names', () => {
  it.each([
    ['nginx', 'docker.io'],
    ['acme/shop:1', 'docker.io'],
    ['ghcr.io/acme/shop:1', 'ghcr.io'],
    ['127.0.0.1:5000/shop', '127.0.0.1:5000'],
    ['localhost/shop', 'localhost'],
    ['nginx:1.25', 'docker.io'],
  ])('%s comes from %s', (image, host) => expect(hostOf(image)).toBe(host));

  it.each([
    ['ghcr.io:443/a/b', { tag: null, digest: null }],
    ['ghcr.io:443/a/b:1.0', { tag: '1.0', digest: null }],
    ['shop@sha256:1', { tag: null, digest: 'sha256:1' }],
    ['shop:1@sha256:1', { tag: null, digest: 'sha256:1' }],
  ])('%s asks for %o', (image, what) => expect(wanted(image)).toEqual(what));

  it('knows what can be a name, a variable, a port', () => {
    expect(['shop', 'a', 'shop-2'].every(isName)).toBe(true);
    expect(['', 'Shop', '2shop', 'shop-', 'a'.repeat(41)].some(isName)).toBe(false);
    expect([isVariable('A_B.c'), isVariable('1A'), isVariable('')]).toEqual([true, false, false]);
    expect([isPort('1'), isPort('65535'), isPort('0'), isPort('65536'), isPort('8o')]).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('a new project', () => {
  const looked = async (answers: Record<string, unknown> = {}) => {
    answering({ 'POST /api/images/inspect': FOUND, ...answers });
    const making = new NewProject();
    making.typed.image = 'ghcr.io/acme/shop:dev-12';
    await making.look();
    return making;
  };

  it('is filled in from its image', async () => {
    const { typed } = await looked();
    expect(typed).toMatchObject({ name: 'shop', port: '3000', health: 'http', path: '/up' });
    expect(typed.stages).toEqual([{ name: 'dev', pattern: 'glob:dev-*', auto: true, promoteFrom: '' }]);
  });

  it('keeps what a person filled in', async () => {
    answering({ 'POST /api/images/inspect': FOUND });
    const making = new NewProject();
    making.typed.image = 'ghcr.io/acme/shop:dev-12';
    making.typed.name = 'store';
    making.touch('name');
    await making.look();
    expect([making.typed.name, making.typed.port]).toEqual(['store', '3000']);
  });

  it('drops the answer for an image that is not wanted any more', async () => {
    const making = new NewProject();
    const answers: ((answer: Response) => void)[] = [];
    vi.stubGlobal('fetch', () => new Promise<Response>((done) => answers.push(done)));
    making.typed.image = 'first';
    const first = making.look();
    making.typed.image = 'second';
    const second = making.look();
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    answers[1]!(Response.json({ ...FOUND, name: 'second' }));
    await second;
    answers[0]!(Response.json({ ...FOUND, name: 'first' }));
    await first;
    expect([making.typed.name, making.looking]).toEqual(['second', false]);
  });

  it('says that the registry wants a login, and that an image is none', async () => {
    const closed = await looked({ 'POST /api/images/inspect': refused(502, 'login') });
    expect(closed.trouble?.code).toBe('login');
    const bad = await looked({ 'POST /api/images/inspect': refused(422, 'invalid', { image: 'bad' }) });
    expect(bad.faults.image).toBe('refused: invalid');
    expect(bad.trouble).toBeNull();
  });

  it('outlives a reload, all but the values of secrets', async () => {
    const making = await looked();
    making.typed.variables = [
      { name: 'LOG', value: 'info', secret: false },
      { name: 'KEY', value: 'p1anted', secret: true },
    ];
    making.remember();
    expect(JSON.stringify(localStorage)).not.toContain('p1anted');
    const again = new NewProject();
    expect(again.typed).toMatchObject({ image: 'ghcr.io/acme/shop:dev-12', name: 'shop', port: '3000' });
    expect(again.typed.variables).toEqual([
      { name: 'LOG', value: 'info', secret: false },
      { name: 'KEY', value: '', secret: true },
    ]);
    expect(again.check().variables).toMatch(/type its value again/);
  });

  it.each(['nonsense', '{"stages": 3}', '[]', '{"stages": []}'])('begins anew where %s was kept', (draft) => {
    localStorage.setItem('forge.draft.project', draft);
    expect(new NewProject().typed.stages).toHaveLength(1);
  });

  it('finds what is wrong before Forge is asked', async () => {
    const making = await looked();
    expect(making.check()).toEqual({});
    Object.assign(making.typed, { name: 'No Name', port: '0', path: 'up', image: ' ' });
    making.typed.stages[0]!.pattern = '';
    making.typed.variables.push({ name: '1A', value: 'x', secret: false });
    const faults = Object.keys(making.check());
    expect(faults).toEqual(['image', 'name', 'port', 'health.path', 'stages', 'variables']);
    asked.length = 0;
    expect(await making.create()).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('goes to Forge as it was typed, and is no draft any more', async () => {
    const making = await looked({ 'POST /api/projects': { name: 'shop', stages: [{ name: 'dev' }] } });
    making.addStage();
    making.typed.stages[1]!.promoteFrom = 'dev';
    making.typed.stages[1]!.pattern = 'v*';
    making.typed.variables = [
      { name: 'LOG', value: 'info', secret: false },
      { name: 'KEY', value: 'pw', secret: true },
      { name: '', value: '', secret: false },
    ];
    expect((await making.create())?.name).toBe('shop');
    expect(asked.at(-1)).toEqual({
      at: 'POST /api/projects',
      body: {
        name: 'shop',
        image: 'ghcr.io/acme/shop',
        port: 3000,
        health: { kind: 'http', path: '/up' },
        environment: { LOG: 'info' },
        secrets: { KEY: 'pw' },
        stages: [
          { name: 'dev', pattern: 'glob:dev-*', auto_deploy: true, promote_from: null },
          { name: 'rel', pattern: 'glob:v*', auto_deploy: true, promote_from: 'dev' },
        ],
      },
    });
    expect(localStorage.getItem('forge.draft.project')).toBe('{}');
  });

  it.each([
    ['project_exists', {}, 'name'],
    ['invalid', { pattern: 'bad' }, 'stages'],
    ['invalid', { 'stages[0].pattern': 'bad' }, 'stages'],
    ['invalid', { 'health.path': 'bad' }, 'health.path'],
  ])('puts %s beside its field', async (code, fields, place) => {
    const making = await looked({ 'POST /api/projects': refused(422, code, fields) });
    await making.create();
    expect(Object.keys(making.faults)).toEqual([place]);
    expect(making.problem).toBeNull();
  });

  it('says what belongs to no field', async () => {
    const making = await looked({ 'POST /api/projects': refused(409, 'domain_taken') });
    await making.create();
    expect(making.problem?.message).toBe('refused: domain_taken');
  });

  it('takes another image along without losing the variables', async () => {
    const making = await looked();
    making.typed.variables = [{ name: 'LOG', value: 'info', secret: false }];
    making.touch('name');
    making.take('ghcr.io/acme/other:1');
    expect([making.typed.own, making.typed.variables.length]).toEqual([[], 1]);
  });

  it('forgets a stage also where others are promoted from it', async () => {
    const making = await looked();
    making.addStage();
    making.typed.stages[1]!.promoteFrom = 'dev';
    making.removeStage(0);
    expect(making.typed.stages).toMatchObject([{ name: 'rel', promoteFrom: '' }]);
  });

  it('deploys the tag or the digest that was asked for', async () => {
    const place = 'POST /api/projects/shop/stages/dev/deploys';
    const making = await looked({ [place]: { id: 7 } });
    const project = { name: 'shop', stages: [{ name: 'dev' }] } as never;
    await making.deploy(project);
    expect(asked.at(-1)?.body).toEqual({ tag: 'dev-12', digest: null });
    making.typed.image = 'shop@sha256:9';
    await making.deploy(project);
    expect(asked.at(-1)?.body).toEqual({ tag: null, digest: 'sha256:9' });
    making.typed.image = 'shop';
    await making.deploy(project);
    expect(asked.at(-1)?.body).toEqual({ tag: 'latest', digest: null });
  });
});

describe('adopting', () => {
  const plan = (more: Partial<AdoptPlan> = {}) =>
    ({
      container: { id: 'c0ffee', name: 'old-shop', status: 'running' },
      name: 'shop',
      stage: 'prod',
      pattern: 'semver:*',
      port: 8080,
      publish: 8099,
      health: { kind: 'tcp', path: null, timeout: null },
      volumes: [],
      networks: [],
      route: {},
      host_paths: [],
      ...more,
    }) as unknown as AdoptPlan;
  const data = { kind: 'external', path: '/data', source: 'data', exclusive: true };
  const at = 'POST /api/engines/local/containers/c0ffee/adopt';

  it('runs beside the old one where nothing stands against it', async () => {
    answering({ [at]: { id: 7 } });
    const adoption = new Adoption('local', plan());
    expect([adoption.stopsFirst, adoption.reasons]).toEqual([false, []]);
    expect((await adoption.send())?.id).toBe(7);
    expect(asked[0]?.body).toMatchObject({
      name: 'shop',
      stage: 'prod',
      keep_port: false,
      stop_first: false,
    });
  });

  it('asks for the word that the old one may stop, once for each reason', async () => {
    const adoption = new Adoption('local', plan({ volumes: [data] as never }));
    adoption.keepPort = true;
    expect(adoption.reasons).toEqual(['both want port 8099', 'both would write to /data']);
    expect(await adoption.send()).toBeUndefined();
    expect(Object.keys(adoption.faults)).toEqual(['stop_first']);
    adoption.stopFirst = true;
    expect(adoption.check()).toEqual({});
  });

  it('needs no word where two may use the volume, or the old one does not run', () => {
    const shared = new Adoption('local', plan({ volumes: [data] as never }));
    shared.share = true;
    expect(shared.stopsFirst).toBe(false);
    const container = { id: 'c0ffee', name: 'old-shop', status: 'exited' } as never;
    expect(new Adoption('local', plan({ container, volumes: [data] as never })).stopsFirst).toBe(false);
  });

  it('needs every folder allowed', () => {
    const adoption = new Adoption('local', plan({ host_paths: ['/srv/a', '/srv/b'] }));
    adoption.allowed = ['/srv/a'];
    expect(Object.keys(adoption.check())).toEqual(['host_paths']);
    adoption.allowed = ['/srv/a', '/srv/b'];
    expect(adoption.check()).toEqual({});
  });

  it.each([
    ['project_exists', {}, 'name'],
    ['host_path', { volumes: '/srv' }, 'host_paths'],
    ['stop_first', { stop_first: 'must be said' }, 'stop_first'],
  ])('puts %s beside its field', async (code, fields, place) => {
    answering({ [at]: refused(409, code, fields) });
    const adoption = new Adoption('local', plan());
    await adoption.send();
    expect(Object.keys(adoption.faults)).toEqual([place]);
  });

  it('says what belongs to no field', async () => {
    answering({ [at]: refused(409, 'adopted') });
    const adoption = new Adoption('local', plan());
    await adoption.send();
    expect(adoption.problem?.code).toBe('adopted');
  });
});

it('a proxy that was found gets a free name and becomes the default', async () => {
  answering({
    'GET /api/proxies': [{ name: 'published' }, { name: 'caddy' }],
    'POST /api/proxies': {},
    'POST /api/proxies/caddy-2/test': { ok: true },
    'GET /api/settings': { domain: 'localhost', default_proxy: 'published' },
    'PUT /api/settings': {},
  });
  const proxy = { kind: 'caddy', url: 'http://127.0.0.1:2019', address: 'http://127.0.0.1:80' };
  expect(await useProxy(proxy as never)).toBe('caddy-2');
  expect(asked.find((one) => one.at === 'POST /api/proxies')?.body).toEqual({ name: 'caddy-2', ...proxy });
  expect(asked.at(-1)?.body).toEqual({ domain: 'localhost', default_proxy: 'caddy-2' });
});

it('a proxy that does not work is not kept', async () => {
  answering({
    'GET /api/proxies': [],
    'POST /api/proxies': {},
    'POST /api/proxies/caddy/test': { ok: false, text: 'Caddy does not listen there' },
    'DELETE /api/proxies/caddy': {},
  });
  const proxy = { kind: 'caddy', url: 'http://127.0.0.1:2019', address: 'http://127.0.0.1:80' };
  await expect(useProxy(proxy as never)).rejects.toThrow('Caddy does not listen there');
  expect(asked.at(-1)?.at).toBe('DELETE /api/proxies/caddy');
});

describe('the palette', () => {
  it.each([
    ['admin', ['New project', 'Adopt a container', 'First start']],
    ['deployer', []],
  ])('reaches for %s: %o', (role, labels) => {
    session.who = aWho({ name: 'somebody', role });
    expect(
      commands()
        .filter((command) => command.id.startsWith('task '))
        .map((command) => command.label),
    ).toEqual(labels);
  });
});

it('looks at once, and again only while the page is seen', () => {
  vi.useFakeTimers();
  const look = vi.fn();
  const end = everyFew(look, 1000);
  vi.advanceTimersByTime(2000);
  expect(look).toHaveBeenCalledTimes(3);
  const seen = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  vi.advanceTimersByTime(2000);
  expect(look).toHaveBeenCalledTimes(3);
  seen.mockReturnValue('visible');
  end();
  vi.advanceTimersByTime(2000);
  expect(look).toHaveBeenCalledTimes(3);
  vi.useRealTimers();
});
