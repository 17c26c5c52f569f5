/**
 * All projects, stages, instances and deploys that matter now: loaded once, then kept up to date by events.
 *
 * Normalised, each in a reactive map by its own key, so that an event wakes only what shows the thing it is about.
 */
import { SvelteMap } from 'svelte/reactivity';
import { api, asProblem, ok, type Problem } from '#lib/api/client.ts';
import type { Deploy, Instance, Part, Project, Stage, Step } from '#lib/api/types.ts';
import type { Frame, Live } from '#lib/live/live.svelte.ts';
import type { Place } from '#lib/live/place.ts';
import { isUnderWay, markOfSeveral, worst, type Mark } from '#lib/status.ts';
import { early, type Early } from './early.ts';

/** `shop/dev` */
export type StageKey = string;

export const stageKey = (one: { project: string; stage: string }): StageKey => `${one.project}/${one.stage}`;

/** How the board asks; handed in for tests. */
export interface BoardSource {
  early?(): Promise<Early | null> | undefined;
  projects(): Promise<Project[]>;
  project(name: string): Promise<Project>;
  underWay(): Promise<Deploy[]>;
  steps(deploy: number): Promise<Step[]>;
  parts(): Promise<Part[]>;
}

const fromForge: BoardSource = {
  early,
  projects: () => ok(api.GET('/api/projects')),
  project: (project) => ok(api.GET('/api/projects/{project}', { params: { path: { project } } })),
  underWay: () =>
    ok(
      api.GET('/api/deploys', {
        params: { query: { status: ['queued', 'running', 'reverting'], limit: 200 } },
      }),
    ),
  steps: async (deploy) =>
    (await ok(api.GET('/api/deploys/{deploy}', { params: { path: { deploy } } }))).steps,
  parts: async () => (await ok(api.GET('/api/health'))).parts,
};

const CALM = 100; // milliseconds in which what happens is shown at once together
const SETTLE = 150; // milliseconds in which several reasons to load a project anew become one

export class Board {
  /** Nothing was loaded yet; `problem` says why, if it could not. */
  loading = $state(true);
  problem = $state.raw<Problem | null>(null);
  readonly projects = new SvelteMap<string, Project>();
  readonly stages = new SvelteMap<StageKey, Stage>();
  readonly instances = new SvelteMap<string, Instance>();
  readonly deploys = new SvelteMap<number, Deploy>();
  /** The step that a deploy under way is at. */
  readonly steps = new SvelteMap<number, Step>();
  /** Engines, registries and proxies that do not answer. */
  parts = $state.raw<Part[]>([]);

  readonly #source: BoardSource;
  readonly #ofStage = new SvelteMap<StageKey, readonly string[]>();
  readonly #newest = new SvelteMap<StageKey, number>();
  readonly #underWay = new SvelteMap<StageKey, readonly number[]>();
  readonly #stale = new Map<string, ReturnType<typeof setTimeout>>();
  #heard: Frame[] = [];
  #calm?: ReturnType<typeof setTimeout>;
  #waiting: Frame[] | null = [];
  #run = 0;

  constructor(source: BoardSource = fromForge) {
    this.#source = source;
  }

  /** Follow the stream until the returned function is called. */
  follow(live: Live): () => void {
    let left = false;
    let leave = () => {};
    const subscribe = (since?: Place) => {
      if (left) return;
      leave = live.subscribe({
        topic: 'state',
        since,
        onGap: () => void this.load(),
        onFrame: (frame) => this.#hearCalmly(frame),
      });
    };
    const early = this.#source.early?.();
    if (early) void early.then((found) => subscribe(found ? this.#begin(found) : undefined));
    else subscribe();
    return () => {
      left = true;
      leave();
      this.#calmed();
    };
  }

  /** What was asked for before the stream began is shown, and goes on from its place. */
  #begin({ projects, underWay, place }: Early): Place | undefined {
    if (!this.loading) return undefined;
    this.#show(projects, underWay);
    void this.#loadParts();
    this.#catchUp();
    return place;
  }

  /** The first event is shown at once; what follows close upon it together, a moment later. */
  #hearCalmly(frame: Frame): void {
    this.#heard.push(frame);
    if (this.#calm === undefined) this.#calmed();
  }

  #calmed(): void {
    const heard = this.#heard;
    this.#heard = [];
    this.#calm = heard.length ? setTimeout(() => this.#calmed(), CALM) : undefined;
    for (const frame of heard) this.hear(frame);
  }

  /** Load the present; events that come meanwhile are applied after it. */
  async load(): Promise<void> {
    const run = (this.#run += 1);
    this.#waiting ??= [];
    try {
      const [projects, underWay, parts] = await Promise.all([
        this.#source.projects(),
        this.#source.underWay(),
        this.#source.parts(),
      ]);
      if (run !== this.#run) return;
      this.parts = parts.filter((part) => !part.ok);
      this.#show(projects, underWay);
    } catch (error) {
      if (run === this.#run) this.problem = asProblem(error);
    } finally {
      if (run === this.#run) this.#catchUp();
    }
  }

  /** Apply what a frame of the stream says. */
  hear(frame: Frame): void {
    if (this.#waiting) {
      this.#waiting.push(frame);
      return;
    }
    const { type, payload } = frame;
    if (type === 'instance_status') this.putInstance(payload);
    else if (type === 'deploy_status') this.putDeploy(payload);
    else if (type === 'deploy_step') this.#putStep(payload);
    else if (type === 'project_changed') this.#changed(payload);
    else if (type === 'connection_changed') void this.#loadParts();
  }

  // ---- reading

  instancesOf(key: StageKey): Instance[] {
    const ids = this.#ofStage.get(key) ?? [];
    return ids.map((id) => this.instances.get(id)).filter((one) => one !== undefined);
  }

  stagesOf(project: string): Stage[] {
    const names = this.projects.get(project)?.stages ?? [];
    return names
      .map((stage) => this.stages.get(`${project}/${stage.name}`))
      .filter((one) => one !== undefined);
  }

  newestDeploy(key: StageKey): Deploy | undefined {
    const id = this.#newest.get(key);
    return id === undefined ? undefined : this.deploys.get(id);
  }

  /** Of a stage, what began first first. */
  underWay(key: StageKey): Deploy[] {
    const ids = this.#underWay.get(key) ?? [];
    return ids.map((id) => this.deploys.get(id)).filter((one) => one !== undefined);
  }

  /** The stages that are promoted from this one. */
  promotesTo(stage: Stage): Stage[] {
    return this.stagesOf(stage.project).filter((other) => other.promote_from === stage.name);
  }

  serving(key: StageKey): Instance[] {
    return this.instancesOf(key).filter((instance) => instance.serving);
  }

  /** The worst of what a stage shows. A failed deploy above what serves counts until a newer one ended well. */
  markOfStage(key: StageKey): Mark {
    const slots = new Map<string, Instance[]>();
    for (const instance of this.instancesOf(key))
      if (instance.serving || instance.wanted)
        slots.set(instance.slot, [...(slots.get(instance.slot) ?? []), instance]);
    const marks = [...slots.values()].map(markOfSeveral);
    const newest = this.newestDeploy(key);
    if (newest && isUnderWay(newest)) marks.push(newest.status === 'queued' ? 'queued' : 'deploying');
    else if (newest?.status === 'failed' || newest?.status === 'stuck') marks.push('failed');
    if (!marks.length && this.instancesOf(key).length) marks.push('stopped');
    return worst(marks);
  }

  markOfProject(project: string): Mark {
    return worst(this.stagesOf(project).map((stage) => this.markOfStage(`${project}/${stage.name}`)));
  }

  // ---- changing

  putInstance(told: Instance): void {
    const before = this.instances.get(told.id);
    if (before && told.since < before.since) return; // told late
    if (told.status === 'removed') {
      this.#removeInstance(told);
      return;
    }
    this.instances.set(told.id, told);
    const key = stageKey(told);
    const ids = this.#ofStage.get(key) ?? [];
    if (!ids.includes(told.id)) this.#ofStage.set(key, [told.id, ...ids]);
  }

  putDeploy(told: Deploy): void {
    const before = this.deploys.get(told.id);
    if (before && !isUnderWay(before) && isUnderWay(told)) return; // told late: what ended does not begin again
    const key = stageKey(told);
    const newest = this.#newest.get(key);
    if (newest === undefined || told.id >= newest) {
      this.#newest.set(key, told.id);
      if (newest !== undefined && newest !== told.id) this.#forgetDeploy(newest);
    }
    this.#keepDeploy(told);
    if (!isUnderWay(told)) {
      this.steps.delete(told.id);
      this.#forgetDeploy(told.id);
    }
  }

  #putStep(step: Step): void {
    const deploy = this.deploys.get(step.deploy);
    if (deploy && !isUnderWay(deploy)) return;
    this.steps.set(step.deploy, step);
  }

  #removeInstance(told: Instance): void {
    const key = stageKey(told);
    this.instances.delete(told.id);
    const ids = this.#ofStage.get(key) ?? [];
    if (ids.includes(told.id))
      this.#ofStage.set(
        key,
        ids.filter((id) => id !== told.id),
      );
  }

  /** Deploys that ended and are not their stage's newest are somebody else's to show. */
  #forgetDeploy(id: number): void {
    const deploy = this.deploys.get(id);
    if (deploy && !isUnderWay(deploy) && this.#newest.get(stageKey(deploy)) !== id) this.#dropDeploy(deploy);
  }

  /** Deploys under way are kept by stage too: to look through all of them for each stage would be slow. */
  #keepDeploy(deploy: Deploy): void {
    this.deploys.set(deploy.id, deploy);
    const ids = this.#underWay.get(stageKey(deploy)) ?? [];
    if (!isUnderWay(deploy)) this.#leaveStage(deploy);
    else if (!ids.includes(deploy.id))
      this.#underWay.set(
        stageKey(deploy),
        [...ids, deploy.id].sort((one, other) => one - other),
      );
  }

  #dropDeploy(deploy: Deploy): void {
    this.deploys.delete(deploy.id);
    this.#leaveStage(deploy);
  }

  #leaveStage(deploy: Deploy): void {
    const ids = this.#underWay.get(stageKey(deploy)) ?? [];
    if (!ids.includes(deploy.id)) return;
    this.#underWay.set(
      stageKey(deploy),
      ids.filter((id) => id !== deploy.id),
    );
  }

  #changed(told: { project: string; stage: string | null; change: string }): void {
    if (told.change === 'deleted' && told.stage === null) this.#removeProject(told.project);
    else this.#reloadSoon(told.project);
  }

  // ---- loading

  #show(projects: Project[], underWay: Deploy[]): void {
    this.#replace(projects, underWay);
    this.problem = null;
    this.loading = false;
    void this.#loadSteps(underWay);
  }

  #replace(projects: Project[], underWay: Deploy[]): void {
    const names = new Set(projects.map((project) => project.name));
    for (const name of [...this.projects.keys()]) if (!names.has(name)) this.#removeProject(name);
    for (const project of projects) this.#putProject(project);
    const ids = new Set(underWay.map((deploy) => deploy.id));
    for (const deploy of [...this.deploys.values()])
      if (isUnderWay(deploy) && !ids.has(deploy.id)) this.#dropDeploy(deploy);
    for (const deploy of underWay) this.putDeploy(deploy);
  }

  #putProject(project: Project): void {
    const names = new Set(project.stages.map((stage) => stage.name));
    for (const { name } of this.projects.get(project.name)?.stages ?? [])
      if (!names.has(name)) this.#removeStage(`${project.name}/${name}`);
    for (const stage of project.stages) {
      const key = `${project.name}/${stage.name}`;
      this.stages.set(key, stage);
      if (!this.#underWay.has(key)) this.#underWay.set(key, []);
      const ids = stage.instances.map((instance) => instance.id);
      for (const id of this.#ofStage.get(key) ?? []) if (!ids.includes(id)) this.instances.delete(id);
      for (const instance of stage.instances) this.instances.set(instance.id, instance);
      this.#ofStage.set(key, ids);
      if (stage.last_deploy) this.putDeploy(stage.last_deploy);
    }
    this.projects.set(project.name, project);
  }

  #removeStage(key: StageKey): void {
    for (const id of this.#ofStage.get(key) ?? []) this.instances.delete(id);
    this.#ofStage.delete(key);
    this.#newest.delete(key);
    this.stages.delete(key);
    for (const deploy of [...this.deploys.values()])
      if (stageKey(deploy) === key) this.deploys.delete(deploy.id);
    this.#underWay.delete(key);
  }

  #removeProject(name: string): void {
    for (const stage of this.projects.get(name)?.stages ?? []) this.#removeStage(`${name}/${stage.name}`);
    this.projects.delete(name);
  }

  #reloadSoon(project: string): void {
    clearTimeout(this.#stale.get(project));
    this.#stale.set(
      project,
      setTimeout(() => void this.reload(project), SETTLE),
    );
  }

  /** Load one project anew; one that is gone is taken away. */
  async reload(project: string): Promise<void> {
    this.#stale.delete(project);
    try {
      this.#putProject(await this.#source.project(project));
    } catch (error) {
      if (asProblem(error).status === 404) this.#removeProject(project);
    }
  }

  async #loadSteps(underWay: Deploy[]): Promise<void> {
    for (const deploy of underWay.filter((one) => one.status !== 'queued').slice(0, 20)) {
      const steps = await this.#source.steps(deploy.id).catch(() => []);
      const latest = steps.at(-1);
      if (latest && !this.steps.has(deploy.id)) this.#putStep(latest);
    }
  }

  async #loadParts(): Promise<void> {
    const parts = await this.#source.parts().catch(() => null);
    if (parts) this.parts = parts.filter((part) => !part.ok);
  }

  #catchUp(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const frame of waiting) this.hear(frame);
  }
}
