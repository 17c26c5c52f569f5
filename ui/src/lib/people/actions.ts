/** What is taken away from people and programs: asked first, with what is lost by it. */
import { goto } from '$app/navigation';
import { api, asProblem, ok } from '#lib/api/client.ts';
import type { Person, SessionView, Token } from '#lib/api/types.ts';
import { ago } from '#lib/format.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { told } from '#lib/state/actions.ts';
import { clock } from '#lib/state/clock.svelte.ts';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { toasts } from '#lib/state/toasts.svelte.ts';
import { people } from './people.svelte.ts';

const gone = { danger: true } as const;

/** What goes with somebody, as sentences. */
export function lostWith({ name, sessions, tokens }: Person): string[] {
  return [t.people.removeBody(name), t.people.removeSessions(sessions), t.people.removeTokens(tokens)].filter(
    Boolean,
  );
}

export async function removePerson(person: Person): Promise<void> {
  const { name } = person;
  const yes = await dialogs.ask({
    ...gone,
    title: t.people.removeTitle(name),
    body: lostWith(person),
    action: t.people.removeDo,
    keep: t.people.keep,
  });
  if (!yes) return;
  try {
    await ok(api.DELETE('/api/people/{name}', { params: { path: { name } } }));
    toasts.show('done', t.people.removed(name));
  } catch (error) {
    const problem = asProblem(error);
    if (problem.code === 'last_admin') await explainLastAdmin(name, problem.message);
    else toasts.show('failed', problem.message);
  }
  await people.people.load();
}

/** Why the only admin stays, and the way out. */
async function explainLastAdmin(name: string, why: string): Promise<void> {
  const adds = await dialogs.ask({
    title: t.people.lastAdminTitle(name),
    body: [why, t.people.lastAdminBody],
    action: t.people.add,
    keep: t.people.understood,
    danger: false,
  });
  if (adds) await goto('/settings/people?add', { reset: false });
}

export async function takeTotpOff({ name }: Person): Promise<void> {
  const yes = await dialogs.ask({
    ...gone,
    title: t.people.takeOffTitle(name),
    body: [t.people.takeOffBody(name)],
    action: t.people.takeOffDo,
    keep: t.people.keep,
  });
  if (!yes) return;
  const off = await told(
    ok(api.DELETE('/api/people/{name}/totp', { params: { path: { name } } })).then(() => true),
  );
  if (off) toasts.show('done', t.people.tookOff(name));
  await people.people.load();
}

export async function endSession({ id }: SessionView): Promise<void> {
  const ended = await told(
    ok(api.DELETE('/api/sessions/{id}', { params: { path: { id } } })).then(() => true),
  );
  if (ended) toasts.show('done', t.people.ended);
  await people.sessions.load();
}

export async function endOthers(many: number): Promise<void> {
  const yes = await dialogs.ask({
    ...gone,
    title: t.people.endOthersTitle,
    body: [t.people.endOthersBody(many)],
    action: t.people.endOthersDo,
    keep: t.people.keep,
  });
  if (!yes) return;
  const ended = await told(ok(api.DELETE('/api/sessions')).then(() => true));
  if (ended) toasts.show('done', t.people.othersEnded);
  await people.sessions.load();
}

export async function endToken({ id, name, used }: Token): Promise<void> {
  const yes = await dialogs.ask({
    ...gone,
    title: t.people.tokenEndTitle(name),
    body: [
      used === null ? t.people.tokenEndUnused : t.people.tokenEndUsed(ago(used, clock.now)),
      t.people.tokenEndBody,
    ],
    action: t.people.tokenEndDo,
    keep: t.people.keep,
  });
  if (!yes) return;
  const ended = await told(ok(api.DELETE('/api/tokens/{id}', { params: { path: { id } } })).then(() => true));
  if (ended) toasts.show('done', t.people.tokenEnded(name));
  await people.tokens.load();
}
