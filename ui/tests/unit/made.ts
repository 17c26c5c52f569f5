/** Things as Forge sends them, with what a test does not care about filled in. */
import type { Deploy, Instance, Project, Stage, Step, Who } from '#lib/api/types.ts';
import type { Frame } from '#lib/live/live.svelte.ts';

export function anInstance(changes: Partial<Instance> = {}): Instance {
  return {
    id: 'a1b2c3',
    project: 'shop',
    stage: 'dev',
    deploy: 1,
    tag: 'dev-1',
    digest: 'sha256:41f14d64cf66e373',
    engine: 'local',
    name: 'forge-shop-dev-a1b2c3',
    slot: '',
    replica: 1,
    container: 'c0ffee',
    status: 'running',
    serving: true,
    wanted: true,
    target: { host: '127.0.0.1', port: 8080 },
    domain: 'dev-shop.localhost',
    exit_code: null,
    out_of_memory: false,
    restarts: 0,
    created: 100,
    since: 100,
    url: 'http://dev-shop.localhost',
    ...changes,
  };
}

export function aDeploy(changes: Partial<Deploy> = {}): Deploy {
  return {
    id: 1,
    project: 'shop',
    stage: 'dev',
    image: 'registry/shop',
    tag: 'dev-1',
    digest: 'sha256:41f14d64cf66e373',
    slot: '',
    kind: 'deploy',
    strategy: 'side_by_side',
    status: 'succeeded',
    actor: 'webhook',
    source: null,
    instance: 'a1b2c3',
    replaces: null,
    cancel_asked: false,
    failed_step: null,
    failure: null,
    measured: null,
    created: 90,
    started: 91,
    ended: 95,
    ...changes,
  };
}

export function aStage(changes: Partial<Stage> = {}): Stage {
  return {
    project: 'shop',
    name: 'dev',
    pattern: 'glob:dev-*',
    auto_deploy: true,
    max_instances: 1,
    replicas: 1,
    promote_from: null,
    promote_after: 0,
    environment: {},
    domain: null,
    update: { mode: 'auto', window: null, minimum_age: 0 },
    publish: null,
    keep: 5,
    bake: 0,
    tolerance: { share: 5, least: 3 },
    drain: 2,
    stop_timeout: 10,
    secrets: [],
    address: 'dev-shop.localhost',
    strategy: 'side_by_side',
    strategy_reason: 'the old instance serves until the new one is proven',
    instances: [anInstance()],
    last_deploy: aDeploy(),
    ...changes,
  };
}

export function aProject(changes: Partial<Project> = {}): Project {
  return {
    name: 'shop',
    image: 'registry/shop',
    port: 8080,
    registry: null,
    engine: 'local',
    domain: null,
    health: { kind: 'auto', path: null, timeout: null },
    environment: {},
    volumes: [],
    limits: { memory: null, cpus: null, pids: null },
    capabilities: ['CHOWN', 'SETUID'],
    aliases: [],
    networks: [],
    route: {},
    labels: {},
    pre_deploy: [],
    pre_deploy_timeout: 600,
    proxy: 'caddy',
    active: true,
    secrets: [],
    stages: [aStage()],
    ...changes,
  };
}

export function aStep(changes: Partial<Step> = {}): Step {
  return {
    deploy: 1,
    position: 0,
    name: 'resolve digest',
    status: 'running',
    started: 91,
    ended: null,
    note: '',
    ...changes,
  };
}

export function aFrame(type: string, payload: unknown, changes: Partial<Frame> = {}): Frame {
  return { type, topic: 'state', at: 100, payload, id: '', ...changes };
}

export function aWho(changes: Partial<Who> = {}): Who {
  return { name: 'ann', role: 'admin', projects: null, person: true, token: null, ...changes };
}
