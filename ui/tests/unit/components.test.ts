import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import StageColumn from '#lib/board/StageColumn.svelte';
import { spoken } from '#lib/i18n/words.svelte.ts';
import { Promotion } from '#lib/state/promotion.svelte.ts';
import { promote } from '#lib/state/actions.ts';
import { clock } from '#lib/state/clock.svelte.ts';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { board, session } from '#lib/state/forge.svelte.ts';
import { toasts } from '#lib/state/toasts.svelte.ts';
import Confirm from '#lib/ui/Confirm.svelte';
import { visited } from './app-navigation.ts';
import { aDeploy, aFrame, anInstance, aProject, aStage, aStep, aWho } from './made.ts';

function signedInAs(role: string) {
  session.who = aWho({ name: 'somebody', role });
  session.state = 'in';
}

async function boardWith(stage = aStage()) {
  const answers: Record<string, unknown> = {
    '/api/projects': [
      aProject({ stages: [stage, aStage({ name: 'rel', promote_from: 'dev', instances: [] })] }),
    ],
    '/api/deploys': [],
    '/api/health': { status: 'ok', version: '1', parts: [] },
  };
  vi.stubGlobal('fetch', async (request: Request) => Response.json(answers[new URL(request.url).pathname]));
  await board.load();
}

beforeEach(() => {
  signedInAs('deployer');
  visited.length = 0;
});

describe('a stage on the board', () => {
  it('shows what serves, where, and offers to promote it', async () => {
    await boardWith();
    render(StageColumn, { stage: board.stages.get('shop/dev')! });
    expect(screen.getByRole('article', { name: 'dev-1 on shop/dev' })).toBeInTheDocument();
    expect(screen.getByRole('link', { name: /dev-shop.localhost/ })).toHaveAttribute('target', '_blank');
    expect(screen.getByRole('button', { name: 'Promote dev-1 to rel' })).toBeInTheDocument();
  });

  it('offers nothing to who may only look', async () => {
    signedInAs('viewer');
    await boardWith();
    render(StageColumn, { stage: board.stages.get('shop/dev')! });
    expect(screen.queryByRole('button', { name: /Promote/ })).toBeNull();
  });

  it('offers what has to wait only once it may go on, and says why not yet', async () => {
    await boardWith();
    const promotion = new Promotion('shop');
    const next = { tag: 'dev-1', digest: anInstance().digest, deploy: 1, obstacle: 'not yet' };
    const may = (at: number) => [
      { stage: 'rel', promote_from: 'dev', promote_after: 1800, serving: [], next: [{ ...next, at }] },
    ];
    promotion.places = may(clock.now + 600);
    render(StageColumn, { stage: board.stages.get('shop/dev')!, promotion });
    const button = screen.getByRole('button', { name: 'Promote dev-1 to rel' });
    expect(button).toBeDisabled();
    expect(button).toHaveAttribute('title', expect.stringMatching(/^In 10 min, if it stays well/));
    promotion.places = may(clock.now - 1);
    await waitFor(() => expect(button).toBeEnabled());
  });

  it('does not ask whether to promote what may not go on yet, but says why', async () => {
    const rel = aStage({ name: 'rel', promote_from: 'dev', promote_after: 1800 });
    await boardWith();
    const next = {
      tag: 'dev-1',
      digest: anInstance().digest,
      deploy: 1,
      obstacle: 'not yet',
      at: clock.now + 600,
    };
    const places = [{ stage: 'rel', promote_from: 'dev', promote_after: 1800, serving: [], next: [next] }];
    vi.stubGlobal('fetch', async () => Response.json(places));
    await promote(board.stages.get('shop/dev')!, rel, 'dev-1');
    expect(dialogs.question).toBeNull();
    expect(toasts.all.at(-1)?.text).toMatch(/^In 10 min, if it stays well/);
  });

  it('follows a deploy, and says why it failed', async () => {
    await boardWith();
    render(StageColumn, { stage: board.stages.get('shop/dev')! });
    board.hear(aFrame('deploy_status', aDeploy({ id: 7, tag: 'dev-7', status: 'running', ended: null })));
    board.hear(aFrame('deploy_step', aStep({ deploy: 7, position: 1, name: 'pull' })));
    expect(await screen.findByRole('progressbar', { name: 'Deploy #7' })).toHaveAttribute(
      'aria-valuetext',
      'pull',
    );
    const failure = 'It did not become healthy within 6 s';
    board.hear(aFrame('deploy_status', aDeploy({ id: 7, tag: 'dev-7', status: 'failed', failure })));
    expect(await screen.findByText(failure)).toBeInTheDocument();
    expect(screen.queryByRole('progressbar')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Why' }));
    expect(visited.at(-1)).toMatch(/\?deploy=7$/);
  });

  it('speaks Russian at once', async () => {
    await boardWith();
    render(StageColumn, { stage: board.stages.get('shop/dev')! });
    await spoken.choose('ru');
    expect(await screen.findByRole('button', { name: 'Продвинуть dev-1 на rel' })).toBeInTheDocument();
    await spoken.choose('en');
  });
});

describe('a question', () => {
  const question = {
    title: 'Remove it?',
    body: ['All goes.'],
    action: 'Remove',
    keep: 'Keep it',
    danger: true,
  };

  it('begins at what harms nobody', async () => {
    const answer = dialogs.ask(question);
    render(Confirm, { question: dialogs.question! });
    expect(screen.getByRole('button', { name: 'Keep it' })).toHaveFocus();
    await userEvent.click(screen.getByRole('button', { name: 'Remove' }));
    expect(await answer).toBe(true);
  });

  it('wants the name typed where data is lost', async () => {
    const answer = dialogs.ask({ ...question, word: 'shop/dev' });
    render(Confirm, { question: dialogs.question! });
    expect(screen.getByRole('button', { name: 'Remove' })).toBeDisabled();
    await userEvent.type(screen.getByRole('textbox'), 'shop/dev{Enter}');
    expect(await answer).toBe(true);
  });
});
