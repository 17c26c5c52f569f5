/** What somebody had open lately, and what happened lately: the palette has it at hand. */
import History from '@lucide/svelte/icons/history';
import Radar from '@lucide/svelte/icons/radar';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import { goto } from '$app/navigation';
import { api, ok } from '#lib/api/client.ts';
import type { Deploy, Sighting } from '#lib/api/types.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { drawer } from '#lib/state/dialogs.svelte.ts';
import { board, session } from '#lib/state/forge.svelte.ts';
import { keep, kept } from '#lib/state/storage.ts';
import { markOf, markOfDeploy } from '#lib/status.ts';
import type { Command } from './commands.ts';

const REMEMBERED = 8;
const LOADED = 30;

type Shown = Pick<URL, 'pathname'> & { searchParams: { get(name: string): string | null } };

/** A drawer lies over the page, and is what one looks at. */
function thingAt({ pathname, searchParams }: Shown): string | null {
  const [, kind, name] = /^\/(deploys|projects)\/([\w.-]+)$/.exec(pathname) ?? [];
  const deploy = searchParams.get('deploy') ?? (kind === 'deploys' ? name! : '');
  const log = searchParams.get('log') ?? '';
  if (/^\d+$/.test(deploy)) return `deploy:${deploy}`;
  if (/^\w+$/.test(log)) return `log:${log}`;
  return kind === 'projects' ? `project:${name}` : null;
}

class Recent {
  /** `deploy:42`, `log:a1b2c3`, `project:shop`: what was opened last first. */
  opened = $state.raw<string[]>(kept('forge.recent')?.split(' ').filter(Boolean) ?? []);
  deploys = $state.raw<Deploy[]>([]);
  waiting = $state.raw<Sighting[]>([]);

  /** Remember what `url` shows. */
  note(url: Shown): void {
    const thing = thingAt(url);
    if (!thing || thing === this.opened[0]) return;
    this.opened = [thing, ...this.opened.filter((one) => one !== thing)].slice(0, REMEMBERED);
    keep('forge.recent', this.opened.join(' '));
  }

  /** What happened lately. What cannot be had is not offered: the palette works without. */
  async load(): Promise<void> {
    const ask = { limit: LOADED };
    const [deploys, waiting] = await Promise.all([
      ok(api.GET('/api/deploys', { params: { query: ask } })).catch(() => this.deploys),
      ok(api.GET('/api/sightings', { params: { query: { ...ask, decision: ['waiting', 'held'] } } })).catch(
        () => this.waiting,
      ),
    ]);
    [this.deploys, this.waiting] = [deploys, waiting];
  }
}

export const recent = new Recent();

/** What was open lately. */
export function reopened(): Command[] {
  return recent.opened.map(reopen).filter((one) => one !== null);
}

/** What waits for an answer, and what was deployed lately. */
export function lately(): Command[] {
  const named = new Set(recent.opened);
  const others = recent.deploys.filter((deploy) => !named.has(`deploy:${deploy.id}`));
  return [
    ...recent.waiting.filter((one) => session.may('deployer', one.project)).map(answer),
    ...others.map(show),
  ];
}

/** `#42`, or just 42, is a deploy, however old. */
export function numbered(typed: string): Command[] {
  const id = Number(/^#?([1-9]\d{0,8})$/.exec(typed.trim())?.[1]);
  const isThere = recent.opened.includes(`deploy:${id}`) || recent.deploys.some((deploy) => deploy.id === id);
  if (!id || isThere) return [];
  return [named(id)];
}

function reopen(thing: string): Command | null {
  const [kind, name] = thing.split(':') as [string, string];
  if (kind === 'deploy') {
    const deploy = recent.deploys.find((one) => one.id === Number(name)) ?? board.deploys.get(Number(name));
    return deploy
      ? { ...show(deploy), group: t.past.recent }
      : { ...named(Number(name)), group: t.past.recent };
  }
  const instance = board.instances.get(name);
  if (kind === 'log' && instance)
    return {
      id: `recent log ${name}`,
      group: t.past.recent,
      label: t.palette.log(`${instance.project}/${instance.stage} ${instance.tag}`),
      hint: name,
      mark: markOf(instance),
      icon: ScrollText,
      run: () => drawer('log', name),
    };
  if (kind !== 'project' || !board.projects.has(name)) return null;
  return {
    id: `recent project ${name}`,
    group: t.past.recent,
    label: name,
    hint: board.projects.get(name)!.image,
    mark: board.markOfProject(name),
    run: () => void goto(`/projects/${name}`),
  };
}

const named = (id: number): Command => ({
  id: `show deploy ${id}`,
  group: t.palette.deploy,
  label: t.past.openDeploy(id),
  icon: History,
  run: () => drawer('deploy', id),
});

const show = (deploy: Deploy): Command => ({
  id: `show deploy ${deploy.id}`,
  group: t.palette.deploy,
  label: t.palette.deployNumber(deploy.id),
  hint: `${deploy.tag} · ${deploy.project}/${deploy.stage} · ${t.deploy[deploy.status]}`,
  words: deploy.actor,
  mark: markOfDeploy(deploy.status),
  run: () => drawer('deploy', deploy.id),
});

const answer = (sighting: Sighting): Command => ({
  id: `answer ${sighting.id}`,
  group: t.palette.deploy,
  label: t.past.answerTo(sighting.tag, `${sighting.project}/${sighting.stage}`),
  hint: t.past.decision[sighting.decision],
  icon: Radar,
  run: () => void goto('/sightings'),
});
