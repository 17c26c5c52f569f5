/** What people do with notifications: asked first where something is lost, told afterwards. */
import { api, ok } from '#lib/api/client.ts';
import type { Notification } from '#lib/api/types.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { told } from '#lib/state/actions.ts';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { toasts } from '#lib/state/toasts.svelte.ts';
import { draftOf, sent } from './draft.ts';
import { notifications } from './notifications.svelte.ts';

export async function switchTo(one: Notification, active: boolean): Promise<void> {
  const { name } = one;
  const body = sent({ ...draftOf(one), active });
  const done = await told(ok(api.PUT('/api/notifications/{name}', { params: { path: { name } }, body })));
  if (!done) return;
  toasts.show('done', active ? t.notifications.switchedOn(name) : t.notifications.switchedOff(name));
  await notifications.all.load();
}

export async function remove({ name, waiting }: Notification): Promise<void> {
  const yes = await dialogs.ask({
    title: t.notifications.removeTitle(name),
    body: [t.notifications.removeBody, ...(waiting ? [t.notifications.removeWaiting(waiting)] : [])],
    action: t.notifications.removeDo,
    keep: t.notifications.keep,
    danger: true,
  });
  if (!yes) return;
  const gone = ok(api.DELETE('/api/notifications/{name}', { params: { path: { name } } }));
  if (!(await told(gone.then(() => true)))) return;
  toasts.show('done', t.notifications.removed(name));
  notifications.tests.delete(name);
  await notifications.all.load();
}
