/** What the statuses of instances and deploys look like: seven marks, each with its own shape, word and colour. */
import type { Deploy, DeployStatus, Instance } from '#lib/api/types.ts';

export type Mark = 'failed' | 'degraded' | 'deploying' | 'queued' | 'running' | 'stopped' | 'unknown';

/** The worst first: what a group of things shows, and how lists are sorted. */
export const WORST_FIRST: Mark[] = [
  'failed',
  'degraded',
  'deploying',
  'queued',
  'running',
  'stopped',
  'unknown',
];

export function worst(marks: Iterable<Mark>): Mark {
  let found = WORST_FIRST.length - 1;
  for (const mark of marks) found = Math.min(found, WORST_FIRST.indexOf(mark));
  return WORST_FIRST[found]!;
}

/** Of an instance: one that ended although it is wanted has failed. */
export function markOf(instance: Instance): Mark {
  switch (instance.status) {
    case 'starting':
      return 'deploying';
    case 'running':
      return 'running';
    case 'unhealthy':
      return 'degraded';
    case 'stopped':
      return instance.wanted ? 'failed' : 'stopped';
    case 'missing':
      return 'failed';
    default:
      return 'unknown';
  }
}

const DEPLOY_MARKS: Record<DeployStatus, Mark> = {
  queued: 'queued',
  running: 'deploying',
  reverting: 'degraded',
  succeeded: 'running',
  failed: 'failed',
  stuck: 'failed',
  cancelled: 'stopped',
  superseded: 'stopped',
};

export function markOfDeploy(status: DeployStatus): Mark {
  return DEPLOY_MARKS[status];
}

export function isUnderWay(deploy: Pick<Deploy, 'status'>): boolean {
  return deploy.status === 'queued' || deploy.status === 'running' || deploy.status === 'reverting';
}

const FIND = ['resolve digest', 'pull', 'note what serves', 'prepare the route'];
const PROVE = [
  'pre-deploy',
  'start',
  'wait until healthy',
  'switch route',
  'confirm through the route',
  'bake',
];

/** The steps of a deploy by name, in order, as Forge's pipelines have them. */
export const PIPELINES: Record<Deploy['strategy'], string[]> = {
  side_by_side: [...FIND, 'create', ...PROVE, 'drain and stop the old', 'go live'],
  in_place: [...FIND, 'create', 'stop the old', ...PROVE, 'go live'],
};

const EACH = new Set(['create', 'start', 'wait until healthy', 'switch route', 'confirm through the route']);

/** The steps of one deploy: with several replicas those of each come one after the other, as in forge/deploy/pipeline. */
export function pipelineOf(strategy: Deploy['strategy'], replicas = 1): string[] {
  const names = PIPELINES[strategy];
  if (replicas === 1 || strategy === 'in_place') return names;
  const each = Array.from({ length: replicas }, (_, index) =>
    names.filter((name) => EACH.has(name)).map((name) => `${name} ${index + 1} of ${replicas}`),
  ).flat();
  return [...FIND, each[0]!, 'pre-deploy', ...each.slice(1), ...names.slice(names.indexOf('bake'))];
}

/** Of instances that serve one domain: where some are well, one that is not only weakens them. */
export function markOfSeveral(instances: Instance[]): Mark {
  const marks = instances.map(markOf);
  const mark = worst(marks);
  return mark === 'failed' && marks.includes('running') ? 'degraded' : mark;
}
