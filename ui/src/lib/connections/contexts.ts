/** The contexts of Docker's command line, for Forge. */
import { api, ok } from '#lib/api/client.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { toasts } from '#lib/state/toasts.svelte.ts';

/** Make an engine of a context; its name. Raises Problem with what is wrong. */
export async function takeContext(context: string): Promise<string> {
  const { engine } = await ok(api.POST('/api/discovery/context', { body: { context } }));
  toasts.show('done', t.engines.taken(engine));
  return engine;
}
