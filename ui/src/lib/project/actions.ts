/** What people do on a project's page, beside what can be done everywhere. */
import { api, ok } from '#lib/api/client.ts';
import type { Instance } from '#lib/api/types.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { queued, told } from '#lib/state/actions.ts';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { board } from '#lib/state/forge.svelte.ts';
import { toasts } from '#lib/state/toasts.svelte.ts';
import type { Pending, Sighting } from './pending.svelte.ts';

const at = (sighting: Sighting) => ({ params: { path: { sighting: sighting.id } } });

export async function approveSighting(sighting: Sighting, pending: Pending): Promise<void> {
  const deploy = await told(ok(api.POST('/api/sightings/{sighting}/approve', at(sighting))));
  if (!deploy) return;
  pending.put({ ...sighting, decision: 'deploy', deploy: deploy.id });
  queued(deploy);
}

export async function dismissSighting(sighting: Sighting, pending: Pending): Promise<void> {
  const place = `${sighting.project}/${sighting.stage}`;
  const yes = await dialogs.ask({
    title: t.settingup.dismissTitle(sighting.tag, place),
    body: [t.settingup.dismissBody],
    action: t.settingup.dismiss,
    keep: t.wish.notNow,
    danger: true,
  });
  if (!yes) return;
  const refused = await told(ok(api.POST('/api/sightings/{sighting}/dismiss', at(sighting))));
  if (!refused) return;
  pending.put(refused);
  toasts.show('done', t.settingup.dismissed(sighting.tag));
}

/** Deploy what serves once more, so that changed settings have effect. */
export async function deployAgain(instance: Instance, differences: string[]): Promise<void> {
  const place = `${instance.project}/${instance.stage}`;
  const inPlace = board.stages.get(place)?.strategy === 'in_place';
  const yes = await dialogs.ask({
    title: t.settingup.againTitle(instance.tag, place),
    body: [
      inPlace ? t.wish.replacingInPlace(instance.tag) : t.wish.replacing(instance.tag),
      t.settingup.againBody,
      ...differences.slice(0, 8),
      ...(differences.length > 8 ? [t.settingup.more(differences.length - 8)] : []),
    ],
    action: t.settingup.again,
    keep: t.wish.notNow,
    danger: false,
  });
  if (!yes) return;
  const path = { project: instance.project, stage: instance.stage };
  const body = { tag: null, digest: instance.digest };
  queued(
    await told(ok(api.POST('/api/projects/{project}/stages/{stage}/deploys', { params: { path }, body }))),
  );
}
