/** A notification as it is typed, and as Forge takes it. */
import type { ChangedNotification, Notification, Occasion } from '#lib/api/types.ts';

/** In the order of the form. The last ones belong to no project. */
export const OCCASIONS: Occasion[] = [
  'deploy_failed',
  'deploy_stuck',
  'instance',
  'waiting',
  'deploy_succeeded',
  'rolled_back',
  'part',
  'backup',
  'delivery_refused',
];
export const OF_NO_PROJECT: Occasion[] = ['part', 'backup', 'delivery_refused'];

export interface Draft {
  name: string;
  kind: Notification['kind'];
  /** '' everywhere; '' every stage. */
  project: string;
  stage: string;
  occasions: Occasion[];
  minutes: number | null;
  local: boolean;
  active: boolean;
  /** null: the kept one stays. */
  address: string | null;
  key: string | null;
}

export function draftOf(known: Notification | undefined): Draft {
  if (!known)
    return {
      name: '',
      kind: 'apprise',
      project: '',
      stage: '',
      occasions: ['deploy_failed', 'deploy_stuck', 'instance', 'waiting'],
      minutes: 5,
      local: false,
      active: true,
      address: '',
      key: '',
    };
  const { name, kind, project, stage, occasions, quiet, local, active } = known;
  return {
    name,
    kind,
    project: project ?? '',
    stage: stage ?? '',
    occasions: [...(occasions ?? [])],
    minutes: Math.round(((quiet ?? 0) / 60) * 100) / 100,
    local: local ?? false,
    active: active ?? true,
    address: kind === 'nobody' ? '' : null,
    key: kind === 'webhook' ? null : '',
  };
}

/** What the form offers of the occasions: those of no project only for everywhere. */
export const offered = (project: string): Occasion[] =>
  OCCASIONS.filter((one) => !project || !OF_NO_PROJECT.includes(one));

export function sent(draft: Draft): ChangedNotification {
  const { kind, project, stage, occasions, minutes, local, active, address, key } = draft;
  const allowed = offered(project);
  return {
    kind,
    project: project || null,
    stage: (project && stage) || null,
    occasions: allowed.filter((one) => occasions.includes(one)),
    quiet: Math.round((minutes ?? 0) * 60),
    local,
    active,
    address: (kind !== 'nobody' && address?.trim()) || null,
    key: (kind === 'webhook' && key) || null,
  };
}

/** A key that nobody guesses. */
export function makeKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
