/** What a stage's column shows: one card for each slot, from what is there and what is under way. */
import type { Deploy, Instance } from '#lib/api/types.ts';
import { isUnderWay, markOf, WORST_FIRST, type Mark } from '#lib/status.ts';

export interface CardData {
  /** Of the instance, or of the deploy that brings the first one. */
  key: string;
  mark: Mark;
  instance?: Instance;
  /** Under way in this slot. */
  deploy?: Deploy;
}

/** The worst first; instances that a deploy has replaced are not shown. */
export function cards(instances: Instance[], underWay: Deploy[]): CardData[] {
  const slots = new Map<string, CardData>();
  for (const instance of shown(instances, underWay)) {
    const deploy = underWay.find((one) => one.slot === instance.slot);
    const mark = deploy && deploy.status !== 'queued' ? 'deploying' : markOf(instance);
    slots.set(instance.slot, { key: instance.id, mark, instance, deploy });
  }
  for (const deploy of underWay)
    if (!slots.has(deploy.slot))
      slots.set(deploy.slot, {
        key: `deploy ${deploy.id}`,
        mark: deploy.status === 'queued' ? 'queued' : 'deploying',
        deploy,
      });
  return [...slots.values()].sort(
    (one, other) =>
      WORST_FIRST.indexOf(one.mark) - WORST_FIRST.indexOf(other.mark) ||
      newest(other) - newest(one) ||
      one.key.localeCompare(other.key),
  );
}

const newest = (card: CardData) => card.instance?.created ?? card.deploy?.created ?? 0;

/** Of each slot what serves, else the newest; candidates of deploys under way are shown by their deploy. */
function shown(instances: Instance[], underWay: Deploy[]): Instance[] {
  const candidates = new Set(underWay.filter(isUnderWay).map((deploy) => deploy.instance));
  const found = new Map<string, Instance>();
  for (const instance of instances) {
    if (candidates.has(instance.id)) continue;
    const other = found.get(instance.slot);
    const better =
      !other ||
      Number(instance.serving) - Number(other.serving) > 0 ||
      (instance.serving === other.serving && instance.created > other.created);
    if (better) found.set(instance.slot, instance);
  }
  return [...found.values()];
}
