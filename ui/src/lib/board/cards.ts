/** What a stage's column shows: one card for each slot, from what is there and what is under way. */
import type { Deploy, Instance } from '#lib/api/types.ts';
import { isUnderWay, markOfSeveral, WORST_FIRST, type Mark } from '#lib/status.ts';

export interface CardData {
  /** Of the instance, or of the deploy that brings the first one. */
  key: string;
  mark: Mark;
  instance?: Instance;
  /** All that serve in this slot, by their number, `instance` first; empty where it is the only one. */
  replicas: Instance[];
  /** Under way in this slot. */
  deploy?: Deploy;
}

/** The worst first; instances that a deploy has replaced are not shown. */
export function cards(instances: Instance[], underWay: Deploy[]): CardData[] {
  const slots = new Map<string, CardData>();
  for (const instance of shown(instances, underWay)) {
    const deploy = underWay.find((one) => one.slot === instance.slot);
    const replicas = besides(instance, instances);
    const mark = deploy && deploy.status !== 'queued' ? 'deploying' : markOfSeveral(replicas);
    slots.set(instance.slot, {
      key: instance.id,
      mark,
      instance,
      replicas: replicas.length > 1 ? replicas : [],
      deploy,
    });
  }
  for (const deploy of underWay)
    if (!slots.has(deploy.slot))
      slots.set(deploy.slot, {
        key: `deploy ${deploy.id}`,
        mark: deploy.status === 'queued' ? 'queued' : 'deploying',
        replicas: [],
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
  const making = new Set(underWay.filter(isUnderWay).map((deploy) => deploy.id));
  const found = new Map<string, Instance>();
  for (const instance of instances) {
    if (making.has(instance.deploy) && !instance.serving) continue;
    const other = found.get(instance.slot);
    const better =
      !other ||
      Number(instance.serving) - Number(other.serving) > 0 ||
      (instance.serving === other.serving && isBefore(instance, other));
    if (better) found.set(instance.slot, instance);
  }
  return [...found.values()];
}

/** The newest deploy's, and of those the first. */
const isBefore = (one: Instance, other: Instance) =>
  one.deploy === other.deploy ? one.replica < other.replica : one.created > other.created;

/** All that one deploy made for a slot and that serve there, `instance` among them. */
function besides(instance: Instance, all: Instance[]): Instance[] {
  const found = all.filter(
    (one) => one.deploy === instance.deploy && one.slot === instance.slot && one.serving && instance.serving,
  );
  return found.length > 1 ? found.sort((one, other) => one.replica - other.replica) : [instance];
}
