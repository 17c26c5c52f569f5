import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Container } from '#lib/api/types.ts';
import Handover from '#lib/start/Handover.svelte';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { board } from '#lib/state/forge.svelte.ts';
import { aDeploy, aProject, aStage } from './made.ts';

const old = (changes: Partial<Container> = {}) =>
  ({
    id: 'c0ffee',
    name: 'old-shop',
    status: 'running',
    ports: [{ port: 8080, publish: 8099, host: '', kind: 'tcp' }],
    ...changes,
  }) as Container;
const adopted = { project: 'shop', stage: 'dev', serves: true, stopped: false };
const stops: string[] = [];

async function shown(container = old(), stage = aStage()) {
  const answers: Record<string, unknown> = {
    '/api/projects': [aProject({ stages: [stage] })],
    '/api/deploys': [],
    '/api/health': { status: 'ok', version: '1', parts: [] },
  };
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith('/stop')) stops.push(pathname);
    return Response.json(answers[pathname] ?? {});
  });
  await board.load();
  render(Handover, { engine: 'local', container, adopted, restart: 'always', onchange: () => {} });
}

beforeEach(() => {
  stops.length = 0;
});

describe('handing over', () => {
  it('stops the old one only after a question that says what is lost and what is not', async () => {
    await shown();
    const done = userEvent.click(screen.getByRole('button', { name: 'Stop it…' }));
    await vi.waitFor(() => expect(dialogs.question).not.toBeNull());
    const said = dialogs.question!.body.join(' ');
    expect(said).toContain('Nobody answers at :8099');
    expect(said).toContain('It is not removed');
    expect(said).toContain('docker update --restart=no old-shop');
    expect(stops).toEqual([]);
    dialogs.question!.answer(true);
    await done;
    await vi.waitFor(() => expect(stops).toEqual(['/api/engines/local/containers/c0ffee/stop']));
  });

  it('does not stop it where a person thinks better of it', async () => {
    await shown();
    await userEvent.click(screen.getByRole('button', { name: 'Stop it…' }));
    dialogs.question!.answer(false);
    await Promise.resolve();
    expect(stops).toEqual([]);
  });

  it('offers nothing before Forge’s own instance serves', async () => {
    await shown(old(), aStage({ instances: [] }));
    board.putDeploy(aDeploy({ status: 'failed', failure: 'It is not healthy' }));
    expect(await screen.findByText('It is not healthy')).toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Stop it…' })).toBeDisabled();
  });

  it('does not tell how to remove what may have to start again', async () => {
    await shown(old({ status: 'exited' }), aStage({ instances: [] }));
    board.putDeploy(aDeploy({ id: 9, status: 'running', ended: null }));
    expect(await screen.findByText(/started again if/)).toBeInTheDocument();
    expect(screen.queryByText('docker rm old-shop')).toBeNull();
  });

  it('tells how to remove what is stopped, and does not do it', async () => {
    await shown(old({ status: 'exited' }));
    expect(screen.getByText('docker rm old-shop')).toBeInTheDocument();
    expect(screen.queryByRole('button', { name: 'Stop it…' })).toBeNull();
  });
});
