/** What people do: asked first where something is interrupted or lost, told afterwards, shown on the board at once. */
import { api, asProblem, ok } from '#lib/api/client.ts';
import type { Deploy, Instance, Project, Stage } from '#lib/api/types.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { clock } from './clock.svelte.ts';
import { dialogs, drawer } from './dialogs.svelte.ts';
import { board } from './forge.svelte.ts';
import { Promotion } from './promotion.svelte.ts';
import { toasts } from './toasts.svelte.ts';

const place = (one: { project: string; name: string }) => `${one.project}/${one.name}`;

/** Say what went wrong as a message; undefined then. */
export async function told<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    toasts.show('failed', asProblem(error).message);
    return undefined;
  }
}

/** A deploy was queued: say so, and show it. */
export function queued(deploy: Deploy | undefined): void {
  if (!deploy) return;
  board.putDeploy(deploy);
  toasts.show('done', t.wish.queued(deploy.id, deploy.tag, `${deploy.project}/${deploy.stage}`));
  drawer('deploy', deploy.id);
}

const at = (stage: Stage) => ({ params: { path: { project: stage.project, stage: stage.name } } });

/** Raises Problem: the dialog shows it beside its field. */
export async function deployTag(stage: Stage, wanted: string): Promise<void> {
  const body = wanted.startsWith('sha256:') ? { tag: null, digest: wanted } : { tag: wanted, digest: null };
  queued(await ok(api.POST('/api/projects/{project}/stages/{stage}/deploys', { ...at(stage), body })));
}

/** What happens to what serves `stage` now, as a sentence. */
function fate(stage: Stage): string {
  const serving = board.serving(place(stage))[0];
  if (!serving) return t.wish.firstThere;
  return stage.strategy === 'in_place' ? t.wish.replacingInPlace(serving.tag) : t.wish.replacing(serving.tag);
}

/** Why `tag` of `from` may not go on to `to` yet, empty if it may. */
async function tooEarly(from: Stage, to: Stage, tag: string): Promise<string> {
  const digest = board.serving(place(from)).find((one) => one.tag === tag)?.digest;
  if (!to.promote_after || !digest) return '';
  const promotion = new Promotion(to.project);
  await promotion.load();
  return promotion.wait(to, digest, clock.now).why;
}

export async function promote(from: Stage, to: Stage, tag: string): Promise<void> {
  const why = await tooEarly(from, to, tag);
  if (why) {
    toasts.show('failed', why);
    return;
  }
  const yes = await dialogs.ask({
    title: t.wish.promoteTitle(tag, place(to)),
    body: [t.wish.promoteBody(from.name, to.name, tag, fate(to))],
    action: t.wish.promoteDo(to.name),
    keep: t.wish.notNow,
    danger: false,
  });
  if (!yes) return;
  const several = board.serving(place(from)).length > 1;
  const body = { tag: several ? tag : null };
  queued(await told(ok(api.POST('/api/projects/{project}/stages/{stage}/promote', { ...at(to), body }))));
}

/** Back to `target`, or to what served before. */
export async function rollBack(stage: Stage, target?: Deploy): Promise<void> {
  const what = target ? t.wish.rollbackTo(target.tag, target.id) : t.wish.rollbackBefore;
  const yes = await dialogs.ask({
    title: t.wish.rollbackTitle(place(stage)),
    body: [what, fate(stage)],
    action: t.wish.rollbackDo,
    keep: t.wish.notNow,
    danger: false,
  });
  if (!yes) return;
  const body = { deploy: target?.id ?? null };
  queued(await told(ok(api.POST('/api/projects/{project}/stages/{stage}/rollback', { ...at(stage), body }))));
}

export async function retry(deploy: Deploy): Promise<void> {
  const path = { deploy: deploy.id };
  queued(await told(ok(api.POST('/api/deploys/{deploy}/retry', { params: { path } }))));
}

export async function cancel(deploy: Deploy): Promise<void> {
  const old = deploy.replaces ? board.instances.get(deploy.replaces) : undefined;
  const still = old ? t.deploy.stillServing(old.tag) : t.deploy.nothingServed;
  const yes = await dialogs.ask({
    title: t.deploy.cancelTitle(deploy.id),
    body: [deploy.status === 'queued' ? t.deploy.cancelQueued : t.deploy.cancelBody(still)],
    action: t.deploy.cancelDo,
    keep: t.deploy.cancelKeep,
    danger: true,
  });
  if (!yes) return;
  const path = { deploy: deploy.id };
  const answer = await told(ok(api.POST('/api/deploys/{deploy}/cancel', { params: { path } })));
  if (!answer) return;
  board.putDeploy(answer);
  toasts.show('done', t.deploy.cancelled_(deploy.id));
}

const params = (instance: Instance) => ({ params: { path: { instance: instance.id } } });

export async function start(instance: Instance): Promise<void> {
  const answer = await told(ok(api.POST('/api/instances/{instance}/start', params(instance))));
  if (!answer) return;
  board.putInstance(answer);
  toasts.show('done', t.instance.started(instance.tag));
}

export async function restart(instance: Instance): Promise<void> {
  const answer = await told(ok(api.POST('/api/instances/{instance}/restart', params(instance))));
  if (!answer) return;
  board.putInstance(answer);
  toasts.show('done', t.instance.restarted(instance.tag));
}

/** Whether people are led to other replicas too. */
const others = (instance: Instance): boolean =>
  instance.serving &&
  board
    .serving(`${instance.project}/${instance.stage}`)
    .some((one) => one.id !== instance.id && one.slot === instance.slot && one.status === 'running');

function stopBody(instance: Instance, where: string): string {
  if (!instance.serving) return t.instance.stopIdle;
  return others(instance) ? t.replicas.stopBody(where) : t.instance.stopBody(where, instance.url ?? '');
}

export async function stop(instance: Instance): Promise<void> {
  const where = `${instance.project}/${instance.stage}`;
  const yes = await dialogs.ask({
    title: t.instance.stopTitle(`${instance.tag} (${instance.id})`),
    body: [stopBody(instance, where)],
    action: t.instance.stopDo,
    keep: t.instance.keep,
    danger: true,
  });
  if (!yes) return;
  const answer = await told(ok(api.POST('/api/instances/{instance}/stop', params(instance))));
  if (!answer) return;
  board.putInstance(answer);
  toasts.show('done', t.instance.stopped_(instance.tag));
}

export async function remove(instance: Instance): Promise<void> {
  const where = `${instance.project}/${instance.stage}`;
  const yes = await dialogs.ask({
    title: t.instance.removeTitle(`${instance.tag} (${instance.id})`),
    body: [
      others(instance)
        ? t.replicas.removeBody(where)
        : t.instance.removeBody(where, instance.serving ? (instance.url ?? '') : ''),
    ],
    action: t.instance.removeDo,
    keep: t.instance.keep,
    danger: true,
    word: instance.serving && !others(instance) ? where : undefined,
  });
  if (!yes) return;
  const gone = await told(ok(api.DELETE('/api/instances/{instance}', params(instance))).then(() => true));
  if (gone) toasts.show('done', t.instance.removed_(instance.tag));
}

export async function approve(project: Project): Promise<void> {
  const path = { project: project.name };
  const answer = await told(ok(api.POST('/api/projects/{project}/approve', { params: { path } })));
  if (answer) toasts.show('done', t.board.approved(project.name));
}
