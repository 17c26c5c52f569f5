import { spoken } from '#lib/i18n/words.svelte.ts';
import { session } from '#lib/state/forge.svelte.ts';

// Everything is drawn in the browser: Forge serves files.
export const ssr = false;
export const prerender = false;

export async function load() {
  await Promise.all([spoken.start(), session.check()]);
}
