/** The backups that Forge keeps, and one to take away. */
import { api, ok } from '#lib/api/client.ts';
import type { Backups } from '#lib/api/types.ts';
import type { Live } from '#lib/live/live.svelte.ts';
import { Resource } from '#lib/state/resource.svelte.ts';

const PATIENCE = 600_000; // milliseconds: all that Forge knows may be much, and the line slow

export class Shelf extends Resource<Backups> {
  constructor(ask: () => Promise<Backups> = () => ok(api.GET('/api/backups'))) {
    super(ask);
  }

  follow(live: Live): () => void {
    return live.subscribe({
      topic: 'state',
      onGap: () => void this.load(),
      onFrame: ({ type }) => {
        if (type === 'backup' || type === 'settings_changed') void this.load();
      },
    });
  }
}

/** Ask for a backup and hand it to the browser as a file; raises Problem. The passphrase goes in the body alone. */
export async function download(
  passphrase: string,
  save: (file: Blob, name: string) => void = saved,
): Promise<void> {
  const patient = (request: Request) => fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
  const call = api.POST('/api/backup', {
    body: { passphrase: passphrase || null },
    parseAs: 'blob',
    fetch: patient,
  });
  const file: unknown = await ok(call as Promise<{ data?: unknown; error?: unknown; response: Response }>);
  const disposition = (await call).response.headers.get('Content-Disposition') ?? '';
  save(file as Blob, /filename="?([\w.-]+)/.exec(disposition)?.[1] ?? 'forge.backup');
}

function saved(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
