/** Docker's logins, for Forge. */
import { api, ok } from '#lib/api/client.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { told } from '#lib/state/actions.ts';
import { toasts } from '#lib/state/toasts.svelte.ts';

/** Take Docker's login for `host` over; whether that worked, which is also said. */
export async function takeLogin(host: string): Promise<boolean> {
  const taken = await told(ok(api.POST('/api/discovery/login', { body: { host } })));
  if (taken) toasts.show('done', t.start.first.taken(host));
  return taken !== undefined;
}
