/** What people say to what came in. */
import { api, ok } from '#lib/api/client.ts';
import type { Receipt, Sighting } from '#lib/api/types.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { told } from '#lib/state/actions.ts';
import { dialogs, drawer } from '#lib/state/dialogs.svelte.ts';
import { board } from '#lib/state/forge.svelte.ts';
import { toasts } from '#lib/state/toasts.svelte.ts';

const place = (sighting: Sighting) => `${sighting.project}/${sighting.stage}`;
const params = (sighting: Sighting) => ({ params: { path: { sighting: sighting.id } } });

export async function approve(sighting: Sighting): Promise<void> {
  const serving = board.serving(place(sighting))[0];
  const yes = await dialogs.ask({
    title: t.past.approveTitle(sighting.tag, place(sighting)),
    body: [serving ? t.wish.replacing(serving.tag) : t.wish.firstThere],
    action: t.past.approveDo,
    keep: t.wish.notNow,
    danger: false,
  });
  if (!yes) return;
  const deploy = await told(ok(api.POST('/api/sightings/{sighting}/approve', params(sighting))));
  if (!deploy) return;
  board.putDeploy(deploy);
  toasts.show('done', t.wish.queued(deploy.id, deploy.tag, place(sighting)));
  drawer('deploy', deploy.id);
}

export async function dismiss(sighting: Sighting): Promise<void> {
  const yes = await dialogs.ask({
    title: t.past.dismissTitle(sighting.tag, place(sighting)),
    body: [t.past.dismissBody(sighting.tag)],
    action: t.past.dismissDo,
    keep: t.wish.notNow,
    danger: true,
  });
  if (!yes) return;
  const answer = await told(ok(api.POST('/api/sightings/{sighting}/dismiss', params(sighting))));
  if (answer) toasts.show('done', t.past.dismissed(sighting.tag, place(sighting)));
}

/** The receipt that the replay made; undefined if it was not done. */
export async function replay(receipt: Receipt): Promise<Receipt | undefined> {
  const yes = await dialogs.ask({
    title: t.past.replayTitle(receipt.id),
    body: [
      t.past.replayBody(receipt.images.join(', ')),
      ...(receipt.signature === 'invalid' ? [t.past.replayUnsigned] : []),
    ],
    action: t.past.replayDo,
    keep: t.wish.notNow,
    danger: false,
  });
  if (!yes) return undefined;
  const path = { receipt: receipt.id };
  const made = await told(ok(api.POST('/api/webhook/receipts/{receipt}/replay', { params: { path } })));
  if (made) toasts.show(made.decision === 'failed' ? 'failed' : 'done', t.past.replayed(made.reason));
  return made;
}
