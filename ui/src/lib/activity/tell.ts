/** What happened as a line for a person: a mark, a sentence, why, and where to look. */
import type { Deploy, Happening, Instance, Receipt, Sighting } from '#lib/api/types.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { markOfDecision } from '#lib/sightings/decisions.ts';
import { markOf, markOfDeploy, type Mark } from '#lib/status.ts';
import { ABOUT_PEOPLE } from './tellpeople.ts';

export interface Told {
  /** null: it has no state, a line on the rail is enough. */
  mark: Mark | null;
  text: string;
  /** Why, or what is wrong. */
  note?: string;
  /** A drawer over this page, or another page. */
  opens?: { deploy: number } | { log: string } | { path: string };
}

/** What one can filter by: kinds of things, each some types of events. */
export const KINDS = {
  deploys: ['deploy_status'],
  instances: ['instance_status'],
  sightings: ['sighting'],
  deliveries: ['receipt'],
  projects: ['project_changed'],
  setup: ['connection_changed', 'settings_changed', 'notification_failed', 'backup'],
  /** Forge tells admins alone. */
  people: ['person_changed', 'signed_in', 'sign_in_failed', 'session_ended', 'token_changed', 'oidc_changed'],
};
export type Kind = keyof typeof KINDS;
export const isKind = (text: string | null): text is Kind => text !== null && text in KINDS;

export function tell({ type, payload, actor }: Happening): Told {
  return (TELLERS[type] ?? ABOUT_PEOPLE[type])?.(payload, actor) ?? { mark: null, text: type };
}

const TELLERS: Record<string, (payload: any, actor: string) => Told> = {
  deploy_status: (deploy: Deploy) => ({
    mark: markOfDeploy(deploy.status),
    text: t.past.deploy[deploy.status](said(deploy), `${deploy.project}/${deploy.stage}`),
    note: deploy.status === 'superseded' ? undefined : (deploy.failure ?? undefined),
    opens: { deploy: deploy.id },
  }),
  instance_status: (instance: Instance) => ({
    mark: markOf(instance),
    text: t.past.instance[instance.status](instance.tag, `${instance.project}/${instance.stage}`),
    note: ended(instance),
    opens: instance.status === 'removed' ? { path: `/projects/${instance.project}` } : { log: instance.id },
  }),
  sighting: (sighting: Sighting) => ({
    mark: markOfDecision(sighting.decision),
    text: t.past.seen(
      sighting.tag,
      `${sighting.project}/${sighting.stage}`,
      t.past.decision[sighting.decision]!,
    ),
    note: sighting.decision === 'deploy' ? undefined : sighting.reason,
    opens:
      sighting.deploy === null
        ? { path: `/sightings?project=${sighting.project}&stage=${sighting.stage}` }
        : { deploy: sighting.deploy },
  }),
  receipt: (receipt: Receipt) => ({
    mark: markOfDecision(receipt.decision),
    text: t.past.delivered(
      t.past.vendor[receipt.vendor] ?? t.past.unknownSender,
      (t.past.decision[receipt.decision] ?? receipt.decision).toLowerCase(),
    ),
    note: receipt.reason,
    opens: { path: `/sightings?view=deliveries&open=${receipt.id}` },
  }),
  project_changed: ({
    project,
    stage,
    change,
  }: {
    project: string;
    stage: string | null;
    change: string;
  }) => ({
    mark: null,
    text: t.past.changed(stage ? `${project}/${stage}` : project, stage !== null, change),
    opens: change === 'deleted' && stage === null ? undefined : { path: `/projects/${project}` },
  }),
  connection_changed: (told: { kind: string; name: string; change: string; text?: string }) => ({
    mark: told.change === 'down' ? 'failed' : told.change === 'back' ? 'running' : null,
    text: t.past.connection(t.parts[told.kind] ?? told.kind, told.name, told.change),
    note: told.change === 'down' ? told.text : undefined,
  }),
  notification_failed: ({ name, title, text }: { name: string; title: string; text: string }) => ({
    mark: 'failed',
    text: t.notifications.gaveUp(name, title),
    note: text,
    opens: { path: '/settings/notifications' },
  }),
  backup: ({
    change,
    name,
    text,
  }: {
    change: 'made' | 'failed' | 'deleted';
    name: string;
    text: string;
  }) => ({
    mark: change === 'failed' ? 'failed' : null,
    text: change === 'failed' ? t.backup.told.failed : t.backup.told[change](name),
    note: text || undefined,
    opens: { path: '/settings/backup' },
  }),
  settings_changed: ({ names }: { names: string[] }) => ({
    mark: null,
    text: t.past.settings(names.join(', ')),
  }),
};

const said = (deploy: Deploy) => ({
  tag: deploy.tag,
  kind: deploy.kind,
});

function ended(instance: Instance): string | undefined {
  if (instance.out_of_memory) return t.instance.memory;
  if (instance.status === 'stopped' && instance.wanted && instance.exit_code !== null)
    return t.instance.exited(instance.exit_code);
  return undefined;
}

/** One line a thing: of a deploy, a sighting and a delivery the newest word counts. `happened`: the newest first. */
export function condensed(happened: Happening[]): Happening[] {
  const known = new Set<string>();
  return happened.filter(({ type, payload }) => {
    if (!ONCE.has(type)) return true;
    const thing = `${type} ${payload.id}`;
    return known.has(thing) ? false : Boolean(known.add(thing));
  });
}
const ONCE = new Set(['deploy_status', 'sighting', 'receipt']);

/** `happened` by local day, the newest first. */
export function byDay(happened: Happening[]): { day: string; at: number; events: Happening[] }[] {
  // by name: a machine whose clock was set back comes to the same day twice
  const days = new Map<string, { day: string; at: number; events: Happening[] }>();
  for (const event of happened) {
    const day = new Date(event.at * 1000).toDateString();
    if (!days.has(day)) days.set(day, { day, at: event.at, events: [] });
    days.get(day)!.events.push(event);
  }
  return [...days.values()];
}
