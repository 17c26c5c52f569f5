import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Project } from '#lib/api/types.ts';
import { Pending, type Sighting } from '#lib/project/pending.svelte.ts';
import { Promotion } from '#lib/state/promotion.svelte.ts';
import Removal from '#lib/project/Removal.svelte';
import { typed } from '#lib/project/setup/draft.svelte.ts';
import ProjectSettings from '#lib/project/setup/ProjectSettings.svelte';
import StageSettings from '#lib/project/setup/StageSettings.svelte';
import StagePanel from '#lib/project/StagePanel.svelte';
import { clock } from '#lib/state/clock.svelte.ts';
import { board, session } from '#lib/state/forge.svelte.ts';
import { visited } from './app-navigation.ts';
import { aFrame, anInstance, aProject, aStage, aWho } from './made.ts';

interface Asked {
  method: string;
  path: string;
  body: any;
}

let asked: Asked[] = [];
let answers: Record<string, unknown>;

/** Answers by method and path; what was asked is in `asked`. */
async function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const text = await request.text();
  asked.push({
    method: request.method,
    path: url.pathname + url.search,
    body: text ? JSON.parse(text) : null,
  });
  const found = answers[`${request.method} ${url.pathname}`];
  if (found === undefined)
    return Response.json({ detail: `no ${url.pathname}`, fields: {} }, { status: 404 });
  return found instanceof Response ? found.clone() : Response.json(found);
}

async function forgeWith(project: Project, more: Record<string, unknown> = {}) {
  answers = {
    'GET /api/projects': [project],
    [`GET /api/projects/${project.name}`]: project,
    [`PUT /api/projects/${project.name}`]: project,
    'GET /api/deploys': [],
    'GET /api/health': { status: 'ok', version: '1', parts: [] },
    'GET /api/registries': [{ name: 'main' }],
    'GET /api/proxies': [{ name: 'caddy' }, { name: 'published' }],
    'GET /api/engines': [{ name: 'local' }],
    'GET /api/settings': { domain: 'localhost', host_paths: ['/srv'] },
    'GET /api/sightings': [],
    ...more,
  };
  await board.load();
  asked = [];
  return board.projects.get(project.name)!;
}

const sent = (method: string) =>
  asked.filter((one) => one.method === method && !one.path.includes('dry_run=true'));

function aSighting(changes: Partial<Sighting> = {}): Sighting {
  return {
    ...{ id: 1, project: 'shop', stage: 'dev', tag: 'dev-9', digest: 'sha256:9', source: 'webhook' },
    ...{ decision: 'waiting', reason: 'shop/dev asks first', seen: 100, due: null, deploy: null },
    ...changes,
  };
}

beforeEach(() => {
  vi.stubGlobal('fetch', answer);
  localStorage.clear();
  typed.clear();
  session.who = aWho({ name: 'somebody', role: 'admin' });
  session.state = 'in';
  visited.length = 0;
});

afterEach(() => vi.unstubAllGlobals());

describe('a project’s settings', () => {
  const project = aProject({ environment: { LEVEL: 'info' }, secrets: ['KEY', 'OLD'] });

  it('send all of it, secrets only where they were touched', async () => {
    render(ProjectSettings, { project: await forgeWith(project) });
    expect(screen.queryByRole('button', { name: 'Save' })).toBeNull();
    await userEvent.clear(screen.getByLabelText('Port'));
    await userEvent.type(screen.getByLabelText('Port'), '9090');
    await userEvent.type(screen.getByLabelText('Value of KEY'), 'n3w');
    await userEvent.click(screen.getByRole('button', { name: 'Remove OLD' }));
    await userEvent.click(screen.getByRole('button', { name: '3 changes' }));
    expect(screen.getByText('a new value')).toBeInTheDocument();
    await userEvent.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(sent('PUT')).toHaveLength(1));
    expect(sent('PUT')[0]!.body).toMatchObject({
      ...{ image: project.image, port: 9090, proxy: 'caddy', engine: 'local' },
      ...{ environment: { LEVEL: 'info' }, secrets: { KEY: 'n3w', OLD: null } },
    });
    await waitFor(() => expect(screen.getByLabelText('Value of KEY')).toHaveValue(''));
  });

  it('show a refusal at its field, and go there', async () => {
    const refusal = {
      code: 'invalid',
      detail: 'The health path starts with /',
      fields: { 'health.path': 'no' },
    };
    render(ProjectSettings, {
      project: await forgeWith(project, {
        'PUT /api/projects/shop': Response.json(refusal, { status: 422 }),
      }),
    });
    await userEvent.type(screen.getByLabelText('Path'), 'up');
    await userEvent.click(screen.getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(screen.getByLabelText('Path')).toHaveFocus());
    expect(screen.getByLabelText('Path')).toBeInvalid();
    expect(screen.getByLabelText('Path')).toHaveAccessibleDescription(/starts with \//);
  });

  it('take an .env file that is pasted into a name', async () => {
    render(ProjectSettings, { project: await forgeWith(project) });
    await userEvent.click(screen.getByRole('button', { name: 'Add a variable' }));
    await userEvent.paste('LEVEL=debug\nWORKERS=4');
    expect(screen.getByLabelText('Value of LEVEL')).toHaveValue('debug');
    expect(screen.getByLabelText('Value of WORKERS')).toHaveValue('4');
    expect(screen.queryByLabelText('Value of the new variable')).toBeNull();
  });

  it('can be looked at, not changed, by who is no admin', async () => {
    session.who = aWho({ name: 'somebody', role: 'deployer' });
    render(ProjectSettings, { project: await forgeWith(project) });
    expect(screen.getByLabelText('Port')).toBeDisabled();
    expect(screen.getByLabelText('Value of KEY')).toBeDisabled();
  });
});

describe('a stage’s settings', () => {
  it('show what the pattern takes, and test a tag with what stands in the form', async () => {
    const explained = { would: false, decision: 'waiting', reason: 'shop/dev asks first', checks: [] };
    const project = await forgeWith(aProject(), {
      'GET /api/projects/shop/tags': ['dev-1', 'dev-2', 'rel-1'],
      'POST /api/patterns/match': ['dev-2', 'dev-1'],
      'POST /api/projects/shop/stages/dev/explain': explained,
    });
    render(StageSettings, { project, stage: board.stages.get('shop/dev')! });
    await userEvent.click(await screen.findByRole('button', { name: 'dev-2' }, { timeout: 3000 }));
    expect(screen.getByText('Takes 2 of the 3 tags at the registry:')).toBeInTheDocument();
    await userEvent.selectOptions(screen.getByLabelText('When'), 'ask');
    await userEvent.click(screen.getByRole('button', { name: 'Test' }));
    expect(await screen.findByText('It would not be deployed')).toBeInTheDocument();
    const test = asked.find((one) => one.path.endsWith('/explain'))!.body;
    expect([test.tag, test.draft.update.mode, test.draft.pattern]).toEqual(['dev-2', 'ask', 'glob:dev-*']);
  });

  it('make a new stage and go there', async () => {
    const made = aStage({ name: 'qa', pattern: 'glob:qa-*' });
    const project = await forgeWith(aProject(), {
      'POST /api/projects/shop/stages': made,
      'GET /api/projects/shop/tags': [],
      'POST /api/patterns/match': [],
    });
    render(StageSettings, { project, stage: null });
    await userEvent.type(screen.getByLabelText('Name'), 'qa');
    await userEvent.click(screen.getByRole('button', { name: 'Create the stage' }));
    expect((await screen.findAllByText(/which tags belong here/)).length).toBeGreaterThan(0);
    await userEvent.type(screen.getByLabelText('Pattern'), 'qa-*');
    await userEvent.click(screen.getByRole('button', { name: 'Create the stage' }));
    await waitFor(() => expect(visited).toEqual(['/projects/shop/stages/qa']));
    const created = sent('POST').find((one) => one.path === '/api/projects/shop/stages?dry_run=false')!;
    expect(created.body).toMatchObject({ name: 'qa', pattern: 'glob:qa-*', secrets: {} });
  });
});

describe('a stage on its project’s page', () => {
  const rel = aStage({
    name: 'rel',
    promote_from: 'dev',
    instances: [anInstance({ id: 'b', stage: 'rel', digest: 'sha256:old' })],
  });

  /** What rel demands of what dev serves. */
  function demanded(at: number | null): Promotion {
    const made = new Promotion('shop');
    const next = { tag: 'dev-1', digest: anInstance().digest, deploy: 1, obstacle: 'not yet', at };
    made.places = [{ stage: 'rel', promote_from: 'dev', promote_after: 1800, serving: [], next: [next] }];
    return made;
  }

  async function panel(
    name: string,
    stages = [aStage(), rel],
    sightings: Sighting[] = [],
    promotion = new Promotion('shop'),
  ) {
    await forgeWith(aProject({ stages }));
    const pending = new Pending('shop', async (_, stage) => sightings.filter((one) => one.stage === stage));
    await pending.load(stages.map((stage) => stage.name));
    render(StagePanel, { stage: board.stages.get(`shop/${name}`)!, pending, promotion });
    return pending;
  }

  it('says what may be promoted to it', async () => {
    await panel('rel');
    expect(screen.getByText('from dev')).toBeInTheDocument();
  });

  it('says why it may not be promoted yet, and offers it once its time has come', async () => {
    const stages = [aStage(), { ...rel, promote_after: 1800 }];
    await panel('rel', stages, [], demanded(clock.now + 600));
    expect(screen.getByText(/^In 10 min, if it stays well: 30 min are demanded$/)).toBeInTheDocument();
    await panel('dev', stages, [], demanded(clock.now + 600));
    expect(screen.getByRole('button', { name: 'Promote to rel' })).toBeDisabled();
    cleanup();
    await panel('dev', stages, [], demanded(clock.now - 1));
    expect(screen.getByRole('button', { name: 'Promote to rel' })).toBeEnabled();
  });

  it('says that what is not well may not be promoted', async () => {
    await panel('rel', undefined, [], demanded(null));
    expect(screen.getByText('Not now: it is not well on dev')).toBeInTheDocument();
  });

  it('says that there is nothing to promote, and offers it nowhere, where both serve the same', async () => {
    const same = { ...rel, instances: [anInstance({ id: 'b', stage: 'rel' })] };
    await panel('rel', [aStage(), same]);
    expect(screen.getByText('Nothing: the same as dev')).toBeInTheDocument();
    const [pending, promotion] = [new Pending('shop'), new Promotion('shop')];
    render(StagePanel, { stage: board.stages.get('shop/dev')!, pending, promotion });
    expect(screen.queryByRole('button', { name: 'Promote to rel' })).toBeNull();
  });

  it('shows what waits for a person, until somebody decided', async () => {
    const pending = await panel('dev', undefined, [aSighting(), aSighting({ id: 2, decision: 'ignored' })]);
    expect(screen.getAllByText('Waits for your yes.')).toHaveLength(1);
    expect(screen.getByRole('button', { name: 'Deploy it' })).toBeInTheDocument();
    pending.hear(aFrame('sighting', aSighting({ decision: 'refused' })));
    await waitFor(() => expect(screen.queryByText('Waits for your yes.')).toBeNull());
  });

  it('hears of what is held, and not of other projects', async () => {
    const pending = await panel('dev');
    pending.hear(aFrame('sighting', aSighting({ id: 8, project: 'blog' })));
    pending.hear(aFrame('sighting', aSighting({ id: 9, decision: 'held', due: 2000 })));
    expect(await screen.findByRole('button', { name: 'Deploy it now' })).toBeInTheDocument();
    expect(pending.of('dev').map((one) => one.id)).toEqual([9]);
  });

  it('approves by a click', async () => {
    await panel('dev', undefined, [aSighting()]);
    await userEvent.click(screen.getByRole('button', { name: 'Deploy it' }));
    expect(sent('POST').map((one) => one.path)).toEqual(['/api/sightings/1/approve']);
  });
});

describe('deleting', () => {
  const deletion = {
    stages: ['shop/dev'],
    instances: ['shop/dev dev-1 (a1b2c3)'],
    routes: ['dev-shop.localhost'],
    volumes: ['forge-x-shop-dev-data'],
    kept_volumes: [],
    images: [],
    deploys: [],
  };

  it('names all that goes, and wants the name typed', async () => {
    await forgeWith(aProject(), {
      'GET /api/projects/shop/deletion': deletion,
      'DELETE /api/projects/shop': deletion,
    });
    const onclose = vi.fn();
    render(Removal, { project: 'shop', onclose });
    for (const one of Object.values(deletion).flat())
      expect(await screen.findByText(one)).toBeInTheDocument();
    const go = screen.getByRole('button', { name: 'Delete the project' });
    expect(go).toBeDisabled();
    await userEvent.click(screen.getByLabelText(/Also remove 1 volume/));
    await userEvent.type(screen.getByLabelText('Type shop to confirm'), 'shop');
    await userEvent.click(go);
    await waitFor(() => expect(onclose).toHaveBeenCalled());
    expect(sent('DELETE').map((one) => one.path)).toEqual(['/api/projects/shop?volumes=true']);
    expect(visited).toEqual(['/']);
  });

  it('stays open and says why it could not be', async () => {
    const refusal = {
      code: 'promoted_from',
      detail: 'shop/rel is promoted from shop/dev: change that first',
      fields: {},
    };
    await forgeWith(aProject(), {
      'GET /api/projects/shop/stages/dev/deletion': {
        stages: ['shop/dev'],
        instances: [],
        routes: [],
        volumes: [],
        kept_volumes: [],
        images: [],
        deploys: [],
      },
      'DELETE /api/projects/shop/stages/dev': Response.json(refusal, { status: 409 }),
    });
    const onclose = vi.fn();
    render(Removal, { project: 'shop', stage: 'dev', onclose });
    await screen.findByText(/Nothing runs here/);
    await userEvent.click(screen.getByRole('button', { name: 'Delete the stage' }));
    expect(await screen.findByText(/change that first/)).toBeInTheDocument();
    expect(onclose).not.toHaveBeenCalled();
  });
});
