import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Backups } from '#lib/api/types.ts';
import { download, Shelf } from '#lib/settings/backups.svelte.ts';
import BackupKept from '#lib/settings/BackupKept.svelte';
import BackupTake from '#lib/settings/BackupTake.svelte';
import { tell } from '#lib/activity/tell.ts';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { session } from '#lib/state/forge.svelte.ts';

const ONE = {
  name: 'daily-0007-2026-01-01.backup',
  kind: 'daily' as const,
  at: 1_767_265_200,
  bytes: 2_500_000,
  keyed: true,
  fault: null,
};
const KEPT: Backups = {
  backups: [ONE],
  next: 1_767_351_600,
  fault: null,
  passphrase: true,
  folder: '/data/backups',
};
let asked: Request[];

function answering(answer: (request: Request) => Response) {
  asked = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push(request);
    return answer(request);
  });
}

beforeEach(() => {
  session.who = { name: 'ada', role: 'admin', person: true, projects: null, token: null };
  session.state = 'in';
});
afterEach(() => vi.unstubAllGlobals());

describe('a backup to take away', () => {
  it('sends the passphrase in the body and never in the address', async () => {
    answering(
      () => new Response('x', { headers: { 'Content-Disposition': 'attachment; filename=forge-1.backup' } }),
    );
    const save = vi.fn();
    await download('correct horse battery', save);
    expect(asked[0]!.method).toBe('POST');
    expect(new URL(asked[0]!.url).pathname + new URL(asked[0]!.url).search).toBe('/api/backup');
    expect(await asked[0]!.json()).toEqual({ passphrase: 'correct horse battery' });
    expect(save.mock.calls[0]![1]).toBe('forge-1.backup');
  });

  it('asks for none without one', async () => {
    answering(() => new Response('x'));
    await download('', vi.fn());
    expect(await asked[0]!.json()).toEqual({ passphrase: null });
  });

  it('says at the field what is wrong with the passphrase, and keeps it', async () => {
    const problem = {
      code: 'invalid',
      detail: 'The passphrase has 12 characters or more',
      fields: { passphrase: '12 or more' },
    };
    answering(() => Response.json(problem, { status: 422 }));
    render(BackupTake);
    await userEvent.type(screen.getByLabelText('Passphrase'), 'short');
    await userEvent.click(screen.getByRole('button', { name: 'Download a backup' }));
    expect(await screen.findByText(problem.detail)).toBeTruthy();
    expect(screen.getByLabelText('Passphrase')).toHaveProperty('value', 'short');
  });
});

describe('the backups that Forge keeps', () => {
  async function shown(kept: Backups) {
    const shelf = new Shelf(async () => kept);
    await shelf.load();
    render(BackupKept, { shelf });
  }

  it('are listed with why, when, how large, and whether the key is in them', async () => {
    await shown(KEPT);
    const row = within(screen.getByRole('listitem'));
    expect(row.getByText('Daily')).toBeTruthy();
    expect(row.getByText('With the key')).toBeTruthy();
    expect(row.getByText('2.5 MB')).toBeTruthy();
    expect(row.getByRole('link').getAttribute('href')).toBe(`/api/backups/${ONE.name}`);
    expect(screen.getByText('/data/backups')).toBeTruthy();
  });

  it('say that there are none, that none will be, and why the last could not be made', async () => {
    await shown({ ...KEPT, backups: [], next: null, fault: 'There is no room' });
    expect(screen.getByText('None is kept yet.')).toBeTruthy();
    expect(screen.getByText(/switch it on below/)).toBeTruthy();
    expect(screen.getByRole('status').textContent).toContain('There is no room');
  });

  it('show a damaged one as that', async () => {
    await shown({ ...KEPT, backups: [{ ...ONE, fault: 'The backup is damaged' }] });
    expect(screen.getByText('Damaged')).toBeTruthy();
    expect(screen.queryByText('With the key')).toBeNull();
  });

  it('are deleted only after a question that names it, and says that it is the last', async () => {
    answering(() => new Response(null, { status: 204 }));
    await shown(KEPT);
    await userEvent.click(screen.getByRole('button', { name: `Delete ${ONE.name}` }));
    expect(dialogs.question!.title).toContain(ONE.name);
    expect(dialogs.question!.body.join(' ')).toContain('the last one');
    dialogs.question!.answer(false);
    expect(asked).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: `Delete ${ONE.name}` }));
    dialogs.question!.answer(true);
    await waitFor(() => expect(asked.map((request) => request.method)).toEqual(['DELETE']));
  });

  it('one that could not be made is told with why', () => {
    const payload = { change: 'failed', kind: 'daily', name: '', text: 'There is no room' };
    const told = tell({ type: 'backup', payload } as unknown as Parameters<typeof tell>[0]);
    expect(told).toMatchObject({ mark: 'failed', note: 'There is no room' });
  });
});
