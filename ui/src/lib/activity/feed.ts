/** Asking for what happened, and keeping it live: the stream says that something did, Forge says what is worth a line. */
import { api, ok } from '#lib/api/client.ts';
import type { Happening } from '#lib/api/types.ts';
import type { Live } from '#lib/live/live.svelte.ts';
import { Pages } from '#lib/state/pages.svelte.ts';
import { KINDS, type Kind } from './tell.ts';

export interface Wanted {
  project?: string;
  stage?: string;
  actor?: string;
  kind?: Kind | null;
  /** Also what another line tells anyway. */
  all?: boolean;
}

const ask = (query: Record<string, unknown>) =>
  ok(api.GET('/api/activity', { params: { query } })) as Promise<Happening[]>;

export function activity(
  { project, stage, actor, kind, all = false }: Wanted,
  limit?: number,
): Pages<Happening> {
  const wanted = {
    ...(project ? { project } : {}),
    ...(stage ? { stage } : {}),
    ...(actor ? { actor } : {}),
    ...(kind ? { type: KINDS[kind] } : {}),
    // who asks for what came in wants all of it
    quiet: !all && kind !== 'deliveries' && kind !== 'sightings',
  };
  return new Pages((page) => ask({ ...wanted, ...page }), limit);
}

const TYPES = new Set(Object.values(KINDS).flat());

/** What whoever is signed in hears of. */
export const heard = (admin: boolean) => (admin ? ['state', 'people'] : ['state']);

/** Keep `pages` at the present until the returned function is called. */
export function follow(pages: Pages<Happening>, live: Live, topics = ['state']): () => void {
  void pages.load();
  const leave = topics.map((topic) =>
    live.subscribe({
      topic,
      onGap: () => void pages.load(),
      onFrame: ({ type }) => TYPES.has(type) && pages.loadSoon(),
    }),
  );
  return () => {
    leave.forEach((one) => one());
    pages.stop();
  };
}
