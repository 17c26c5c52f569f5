/** A container that is being adopted: what would be taken over, what a person decides, and what follows from it. */
import { api, asProblem, ok, type Problem } from '#lib/api/client.ts';
import type { AdoptPlan, AdoptWish, Deploy } from '#lib/api/types.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { isName, isPort } from './names.ts';

/** Field → what is wrong with it. */
export type Faults = Partial<
  Record<'name' | 'stage' | 'pattern' | 'port' | 'stop_first' | 'host_paths', string>
>;

export class Adoption {
  readonly engine: string;
  readonly plan: AdoptPlan;
  name = $state('');
  stage = $state('');
  pattern = $state('');
  port = $state('');
  auto = $state(true);
  keepPort = $state(false);
  share = $state(false);
  stopFirst = $state(false);
  /** Variables that are kept as secrets though they do not look like one. */
  secrets = $state<string[]>([]);
  /** Folders of the machine that may be used from now on. */
  allowed = $state<string[]>([]);
  busy = $state(false);
  faults = $state.raw<Faults>({});
  problem = $state.raw<Problem | null>(null);

  constructor(engine: string, plan: AdoptPlan) {
    this.engine = engine;
    this.plan = plan;
    this.name = plan.name;
    this.stage = plan.stage;
    this.pattern = plan.pattern;
    this.port = String(plan.port);
  }

  /** Why the two cannot run at once, a phrase each; none if they can. */
  get reasons(): string[] {
    const words = t.start.adopt;
    const shared = this.share ? [] : this.plan.volumes.filter((volume) => volume.exclusive);
    return [
      ...(this.keepPort && this.plan.publish ? [words.whyPort(this.plan.publish)] : []),
      ...shared.map((volume) => words.whyVolume(volume.path)),
    ];
  }

  /** Whether the container has to stop before Forge's instance starts. */
  get stopsFirst(): boolean {
    return this.reasons.length > 0 && this.plan.container.status === 'running';
  }

  check(): Faults {
    const faults: Faults = {};
    if (!isName(this.name)) faults.name = t.start.fresh.nameRule;
    if (!isName(this.stage)) faults.stage = t.start.fresh.nameRule;
    if (!this.pattern.trim()) faults.pattern = t.start.fresh.patternRule;
    if (!isPort(this.port)) faults.port = t.start.fresh.portRule;
    if (this.plan.host_paths.some((path) => !this.allowed.includes(path)))
      faults.host_paths = t.start.adopt.allowFirst;
    if (this.stopsFirst && !this.stopFirst) faults.stop_first = t.start.adopt.stopFirstRule;
    return faults;
  }

  /** Adopt it; undefined if something is wrong, which is then said. */
  async send(): Promise<Deploy | undefined> {
    this.problem = null;
    this.faults = this.check();
    if (Object.keys(this.faults).length) return undefined;
    this.busy = true;
    try {
      const path = { name: this.engine, id: this.plan.container.id };
      return await ok(
        api.POST('/api/engines/{name}/containers/{id}/adopt', { params: { path }, body: this.#body() }),
      );
    } catch (error) {
      this.#refused(asProblem(error));
      return undefined;
    } finally {
      this.busy = false;
    }
  }

  #body(): AdoptWish {
    return {
      name: this.name,
      stage: this.stage,
      pattern: this.pattern.includes(':') ? this.pattern.trim() : `glob:${this.pattern.trim()}`,
      port: Number(this.port),
      health: this.plan.health,
      auto_deploy: this.auto,
      keep_port: this.keepPort,
      share: this.share,
      secrets: this.secrets,
      host_paths: this.allowed,
      stop_first: this.stopFirst,
    };
  }

  #refused(problem: Problem): void {
    const known = ['name', 'stage', 'pattern', 'port', 'stop_first', 'host_paths'];
    const field = Object.keys(problem.fields).find((one) => known.includes(one)) as keyof Faults | undefined;
    if (problem.code === 'project_exists') this.faults = { name: t.start.fresh.taken };
    else if (problem.code === 'host_path') this.faults = { host_paths: problem.message };
    else if (field) this.faults = { [field]: problem.message };
    else this.problem = problem;
  }
}
