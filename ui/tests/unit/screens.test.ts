import { render, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Receipt, Sighting } from '#lib/api/types.ts';
import DeployTable from '#lib/deploys/DeployTable.svelte';
import LastThirty from '#lib/deploys/LastThirty.svelte';
import Probes from '#lib/deploy/Probes.svelte';
import Deliveries from '#lib/sightings/Deliveries.svelte';
import Waiting from '#lib/sightings/Waiting.svelte';
import { commands, matching } from '#lib/shell/commands.ts';
import { SCREENS } from '#lib/shell/screens.ts';
import { numbered, recent } from '#lib/shell/recent.svelte.ts';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { board, session } from '#lib/state/forge.svelte.ts';
import { visited } from './app-navigation.ts';
import { aDeploy, aProject, aStep, aWho } from './made.ts';

/** What Forge is asked, and answers: `METHOD /path` → body. */
const answers: Record<string, unknown> = {};
const asked: string[] = [];

beforeEach(async () => {
  session.who = aWho({ name: 'somebody', role: 'admin' });
  session.state = 'in';
  Object.assign(answers, {
    'GET /api/projects': [aProject()],
    'GET /api/deploys': [],
    'GET /api/sightings': [],
    'GET /api/health': { status: 'ok', version: '1', parts: [] },
  });
  vi.stubGlobal('fetch', async (request: Request) => {
    const call = `${request.method} ${new URL(request.url).pathname}`;
    asked.push(call);
    return Response.json(answers[call] ?? { code: 'none', detail: 'none' }, {
      status: call in answers ? 200 : 404,
    });
  });
  await board.load();
  asked.length = visited.length = 0;
});

const seen = (changes: Partial<Sighting> = {}): Sighting => ({
  id: 3,
  project: 'shop',
  stage: 'dev',
  tag: 'dev-2',
  digest: 'sha256:0123456789abcdef',
  source: 'webhook',
  decision: 'waiting',
  reason: 'A person must say yes',
  seen: 100,
  due: null,
  deploy: null,
  ...changes,
});

const delivered = (changes: Partial<Receipt> = {}): Receipt => ({
  id: 8,
  at: 100,
  vendor: 'gitea',
  images: ['git.example/acme/shop:dev-2'],
  signature: 'invalid',
  decision: 'deploy',
  reason: 'deploy #4 of shop/dev queued',
  replay_of: null,
  ...changes,
});

describe('the list of deploys', () => {
  it('offers what can be done with each, and nothing with what serves', () => {
    const rows = [
      aDeploy({ id: 4, status: 'running', ended: null }),
      aDeploy({ id: 3, status: 'failed' }),
      aDeploy({ id: 2, tag: 'dev-0' }),
      aDeploy({ id: 1 }), // its instance serves
    ];
    render(DeployTable, { rows });
    const [, ...lines] = screen.getAllByRole('row');
    const offered = lines.map((line) => within(line).queryByRole('button')?.textContent?.trim());
    expect(offered).toEqual(['Cancel', 'Retry', 'Roll back', undefined]);
    expect(within(lines[1]!).getByRole('link', { name: '#3' })).toHaveAttribute('href', '/?deploy=3');
  });

  it('offers nothing to who may only look', () => {
    session.who = aWho({ name: 'somebody', role: 'viewer' });
    render(DeployTable, { rows: [aDeploy({ id: 3, status: 'failed' })] });
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('names the deploy that is rolled back to before it does', async () => {
    render(DeployTable, { rows: [aDeploy({ id: 2, tag: 'dev-0' })] });
    await userEvent.click(screen.getAllByRole('button', { name: 'Roll back to deploy #2' })[0]!);
    expect(dialogs.question?.body[0]).toContain('#2’s digest (dev-0)');
    dialogs.question?.answer(false);
    expect(asked).toEqual([]);
  });
});

describe('the last thirty', () => {
  const deploys = Array.from({ length: 40 }, (_, n) =>
    aDeploy({ id: 40 - n, status: n === 1 ? 'failed' : 'succeeded', started: 0, ended: n + 1 }),
  );

  it('say in words how each went, and stop the Tab key once', () => {
    render(LastThirty, { deploys });
    const links = screen.getAllByRole('link');
    expect(links).toHaveLength(30);
    expect(links.at(-2)).toHaveAccessibleName(/#39 · dev-1 → shop\/dev · Failed · 2.0 s/);
    expect(links.filter((link) => link.tabIndex === 0)).toEqual([links.at(-1)]);
    expect(screen.getByText(/29 of 30 succeeded/)).toBeInTheDocument();
  });

  it('are moved along by arrow keys', async () => {
    // jsdom lays nothing out: all are seen
    vi.spyOn(HTMLElement.prototype, 'offsetParent', 'get').mockReturnValue(document.body);
    render(LastThirty, { deploys });
    await userEvent.tab();
    await userEvent.keyboard('{ArrowLeft}');
    expect(document.activeElement).toHaveAccessibleName(/#39/);
    expect((document.activeElement as HTMLElement).tabIndex).toBe(0);
    await userEvent.keyboard('{Home}');
    expect(document.activeElement).toHaveAccessibleName(/#11/);
  });
});

describe('what waits for an answer', () => {
  it('is deployed when somebody says so', async () => {
    answers['POST /api/sightings/3/approve'] = aDeploy({
      id: 9,
      tag: 'dev-2',
      status: 'queued',
      ended: null,
    });
    render(Waiting, { sightings: [seen()] });
    await userEvent.click(screen.getByRole('button', { name: /^Deploy it/ }));
    expect([dialogs.question?.title, asked]).toEqual(['Deploy dev-2 to shop/dev?', []]);
    dialogs.question!.answer(true);
    await vi.waitFor(() => expect(visited.at(-1)).toContain('deploy=9'));
    expect(board.deploys.get(9)?.tag).toBe('dev-2');
  });

  it('is dismissed only after it was said what that means', async () => {
    answers['POST /api/sightings/3/dismiss'] = seen({ decision: 'refused' });
    render(Waiting, { sightings: [seen()] });
    await userEvent.click(screen.getByRole('button', { name: /^Dismiss/ }));
    expect([dialogs.question?.danger, asked]).toEqual([true, []]);
    dialogs.question!.answer(true);
    await vi.waitFor(() => expect(asked).toEqual(['POST /api/sightings/3/dismiss']));
  });
});

describe('a delivery', () => {
  it('links to the deploy it led to, and says that its signature is wrong', () => {
    render(Deliveries, { rows: [delivered()] });
    expect(screen.getByRole('link', { name: '#4' })).toHaveAttribute('href', '/?deploy=4');
    expect(screen.getByText('wrong signature')).toBeInTheDocument();
  });

  it('opens in the address', async () => {
    render(Deliveries, { rows: [delivered()] });
    await userEvent.click(screen.getByRole('button', { name: 'What came with delivery #8' }));
    expect(visited.at(-1)).toBe('/?open=8');
  });
});

describe('probes', () => {
  it('are told in words too, and a wait that failed is not healthy', () => {
    const probes = [0, 1, 2].map((at) => ({ at, healthy: null, text: 'connection refused' }));
    const step = aStep({ name: 'wait until healthy', status: 'failed', started: 0, ended: 2.1 });
    render(Probes, { probes, step });
    expect(screen.getByRole('listitem')).toHaveTextContent('connection refused ×3');
    expect(screen.getByText('not healthy')).toBeInTheDocument();
  });
});

describe('the palette', () => {
  const ids = (typed: string) => matching(commands(), typed).map((command) => command.id);

  it('reaches every screen', () => {
    const paths = SCREENS.map((screen) => screen.path);
    expect(paths).toEqual(expect.arrayContaining(['/', '/deploys', '/activity', '/sightings']));
    expect(ids('')).toEqual(expect.arrayContaining(paths.map((path) => `screen ${path}`)));
  });

  it('has what was open lately first, and once', async () => {
    answers['GET /api/deploys'] = [aDeploy({ id: 7, tag: 'dev-7' }), aDeploy({ id: 6 })];
    answers['GET /api/sightings'] = [seen()];
    recent.note(new URL('http://forge/projects/shop'));
    recent.note(new URL('http://forge/?deploy=6'));
    await recent.load();
    const found = ids('');
    expect(found.slice(0, 2)).toEqual(['show deploy 6', 'recent project shop']);
    expect(found.filter((id) => id.startsWith('show deploy'))).toEqual(['show deploy 6', 'show deploy 7']);
    expect(found).toContain('answer 3');
    expect(new Set(found).size).toBe(found.length);
  });

  it('opens any deploy by its number', () => {
    expect(numbered('#4711').map((command) => command.label)).toEqual(['Open deploy #4711']);
    expect(numbered('4711x')).toEqual([]);
  });
});
