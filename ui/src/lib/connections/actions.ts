/** What people do with connections: asked first where something is lost, told afterwards. */
import { goto } from '$app/navigation';
import { api, ok } from '#lib/api/client.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { told } from '#lib/state/actions.ts';
import { dialogs } from '#lib/state/dialogs.svelte.ts';
import { board } from '#lib/state/forge.svelte.ts';
import { toasts } from '#lib/state/toasts.svelte.ts';
import { connections, hostOf, usersOf, type Connection } from './connections.svelte.ts';
import { KINDS, type Noun } from './nouns.ts';

/** What stands in the way of removing it, as a sentence, and where that is changed. */
function blocked(noun: Noun, connection: Connection): { why: string; action: string; path: string } | null {
  const { named } = usersOf(noun, connection, board);
  const [first] = named;
  if (first) {
    const why = t.connections.usedBy(named.join(', '), named.length);
    return { why, action: t.connections.open(first), path: `/projects/${first}` };
  }
  if (noun === 'proxies' && connections.defaultProxy.value === connection.name)
    return { why: t.connections.isDefault, action: t.connections.chooseDefault, path: '/settings/domains' };
  return null;
}

export async function remove(noun: Noun, connection: Connection): Promise<void> {
  const { name } = connection;
  const kind = t.connections.kind[KINDS[noun]]!;
  const obstacle = blocked(noun, connection);
  if (obstacle) {
    const { why: body, action, path } = obstacle;
    const question = { title: t.connections.cannotRemove(kind, name), body: [body], action };
    if (await dialogs.ask({ ...question, keep: t.app.close, danger: false })) await goto(path);
    return;
  }
  const yes = await dialogs.ask({
    title: t.connections.removeTitle(kind, name),
    body: lost(noun, connection),
    action: t.connections.removeDo,
    keep: t.connections.keep,
    danger: true,
  });
  if (!yes) return;
  const gone = ok(api.DELETE(`/api/${noun}/{name}`, { params: { path: { name } } }));
  if (!(await told(gone.then(() => true)))) return;
  toasts.show('done', t.connections.removed(name));
  await connections[noun].load();
}

function lost(noun: Noun, connection: Connection): string[] {
  const found = [t.connections.removeBody];
  if ('has_password' in connection && connection.has_password) found.push(t.connections.removePassword);
  if ('has_key' in connection && connection.has_key) found.push(t.engines.removeKey);
  const { byHost } = usersOf(noun, connection, board);
  if (byHost.length && 'url' in connection)
    found.push(t.connections.removeAnonymous(byHost.join(', '), hostOf(connection.url ?? '')));
  return found;
}

export async function makeDefault(name: string): Promise<void> {
  const settings = await told(ok(api.GET('/api/settings')));
  if (!settings) return;
  const done = await told(ok(api.PUT('/api/settings', { body: { ...settings, default_proxy: name } })));
  if (!done) return;
  toasts.show('done', t.connections.defaultIs(name));
  await connections.defaultProxy.load();
}

export async function pollNow(name: string): Promise<void> {
  const polled = await told(ok(api.POST('/api/registries/{name}/poll', { params: { path: { name } } })));
  if (!polled) return;
  toasts.show('done', t.connections.polled(polled.tags, polled.repositories, polled.fresh));
  await Promise.all([connections.polling.load(), connections.registries.load()]);
}
