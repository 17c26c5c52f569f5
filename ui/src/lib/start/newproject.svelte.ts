/**
 * A project that is being made: what was typed, what Forge found out about its image, and what is wrong with it. What
 * was typed outlives a reload; the values of secrets do not.
 */
import { untrack } from 'svelte';
import { api, asProblem, ok, type Problem } from '#lib/api/client.ts';
import type { Deploy, NewProject as Wish, Project, Suggestion } from '#lib/api/types.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { keepDraft, readDraft } from '#lib/state/drafts.ts';
import { isName, isPort, isVariable, wanted } from './names.ts';

const DRAFT = 'forge.draft.project';

export interface StageRow {
  name: string;
  pattern: string;
  auto: boolean;
  promoteFrom: string;
}

export interface VariableRow {
  name: string;
  value: string;
  secret: boolean;
}

interface Typed {
  image: string;
  name: string;
  port: string;
  health: string;
  path: string;
  proxy: string;
  stages: StageRow[];
  variables: VariableRow[];
  /** Fields that a person filled in: what is found out does not overwrite them. */
  own: string[];
}

const blank = (): Typed => ({
  image: '',
  name: '',
  port: '',
  health: 'auto',
  path: '',
  proxy: '',
  stages: [{ name: 'dev', pattern: '', auto: true, promoteFrom: '' }],
  variables: [],
  own: [],
});

/** What was kept, as far as it still fits. */
function remembered(): Typed {
  const typed = { ...blank(), ...readDraft<Typed>(DRAFT) };
  return Array.isArray(typed.stages) && typed.stages.length && Array.isArray(typed.variables)
    ? typed
    : blank();
}

/** Field → what is wrong with it. */
export type Faults = Partial<
  Record<'image' | 'name' | 'port' | 'health.path' | 'stages' | 'variables', string>
>;

export class NewProject {
  typed = $state<Typed>(remembered());
  found = $state.raw<Suggestion | null>(null);
  looking = $state(false);
  busy = $state(false);
  /** Why looking at the image did not work. */
  trouble = $state.raw<Problem | null>(null);
  /** Why it was not made, where no field is at fault. */
  problem = $state.raw<Problem | null>(null);
  faults = $state.raw<Faults>({});
  /** The image that was looked at last. */
  looked = '';
  #run = 0;

  /** The draft, to be called whenever something was typed. */
  remember(): void {
    const variables = this.typed.variables.map((one) => (one.secret ? { ...one, value: '' } : one));
    keepDraft<Typed>(DRAFT, { ...this.typed, variables });
  }

  discard(): void {
    this.#run += 1;
    this.typed = blank();
    this.found = this.trouble = this.problem = null;
    this.looking = false;
    this.faults = {};
    keepDraft(DRAFT, {});
  }

  /** Another image in the place of the one that was typed; what was typed beside it stays where it can. */
  take(image: string): void {
    if (image === this.typed.image) return;
    this.typed.image = image;
    this.typed.own = [];
  }

  get isBlank(): boolean {
    const { image, own, variables } = this.typed;
    return !image && !own.length && !variables.length;
  }

  /** A person filled `field` in. */
  touch(field: string): void {
    if (!this.typed.own.includes(field)) this.typed.own.push(field);
    const { [field as keyof Faults]: _gone, ...others } = this.faults;
    this.faults = others;
    this.problem = null;
  }

  /** Ask Forge about the image, and fill in what nobody has. */
  async look(): Promise<void> {
    const image = untrack(() => this.typed.image.trim());
    const run = (this.#run += 1);
    this.looked = image;
    this.found = this.trouble = null;
    if (!image) {
      this.faults = { ...this.faults, image: t.start.fresh.noImage };
      return;
    }
    this.faults = {};
    this.looking = true;
    try {
      const found = await ok(api.POST('/api/images/inspect', { body: { image } }));
      if (run !== this.#run) return;
      this.found = found;
      this.#fill(found);
    } catch (error) {
      if (run !== this.#run) return;
      const problem = asProblem(error);
      if (problem.fields.image) this.faults = { image: problem.message };
      else this.trouble = problem;
    } finally {
      if (run === this.#run) this.looking = false;
    }
  }

  #fill(found: Suggestion): void {
    const typed = this.typed;
    const free = (field: string) => !typed.own.includes(field);
    if (free('name')) typed.name = found.name;
    if (free('port')) typed.port = String(found.port);
    if (free('health')) {
      typed.health = found.health.kind ?? 'auto';
      typed.path = found.health.path ?? '';
    }
    if (free('stages'))
      typed.stages = [{ name: found.stage, pattern: found.pattern, auto: true, promoteFrom: '' }];
    this.remember();
  }

  addStage(): void {
    const taken = this.typed.stages.map((stage) => stage.name);
    const name = ['dev', 'rel', 'prod'].find((one) => !taken.includes(one)) ?? '';
    const pattern = name ? `glob:${name}-*` : '';
    this.typed.stages.push({ name, pattern, auto: true, promoteFrom: '' });
    this.touch('stages');
  }

  removeStage(index: number): void {
    const [gone] = this.typed.stages.splice(index, 1);
    for (const stage of this.typed.stages) if (stage.promoteFrom === gone?.name) stage.promoteFrom = '';
    this.touch('stages');
  }

  /** What can be told to be wrong without asking. */
  check(): Faults {
    const words = t.start.fresh;
    const { image, name, port, health, path, stages, variables } = this.typed;
    const faults: Faults = {};
    if (!image.trim()) faults.image = words.noImage;
    if (!isName(name)) faults.name = words.nameRule;
    if (!isPort(port)) faults.port = words.portRule;
    if (health === 'http' && !/^\/\S*$/.test(path)) faults['health.path'] = words.pathRule;
    const names = stages.map((stage) => stage.name);
    if (new Set(names).size !== names.length || !names.every(isName)) faults.stages = words.stageRule;
    else if (stages.some((stage) => !stage.pattern.trim())) faults.stages = words.patternRule;
    const given = variables.filter((one) => one.name || one.value).map((one) => one.name);
    if (new Set(given).size !== given.length || !given.every(isVariable))
      faults.variables = words.variableRule;
    else if (variables.some((one) => one.secret && one.name && !one.value))
      faults.variables = words.secretAgain;
    return faults;
  }

  /** Make the project; undefined if something is wrong, which is then said. */
  async create(): Promise<Project | undefined> {
    this.problem = null;
    this.faults = this.check();
    if (Object.keys(this.faults).length) return undefined;
    this.busy = true;
    try {
      const made = await ok(api.POST('/api/projects', { body: this.#body() }));
      keepDraft(DRAFT, {});
      return made;
    } catch (error) {
      this.#refused(asProblem(error));
      return undefined;
    } finally {
      this.busy = false;
    }
  }

  /** Deploy the image to the first stage of the project that was made. */
  deploy(project: Project): Promise<Deploy> {
    const path = { project: project.name, stage: project.stages[0]!.name };
    const asked = wanted(this.typed.image);
    const body = asked.digest ? asked : { tag: asked.tag ?? 'latest', digest: null };
    return ok(api.POST('/api/projects/{project}/stages/{stage}/deploys', { params: { path }, body }));
  }

  #body(): Wish {
    const { name, port, health, path, proxy, stages, variables } = this.typed;
    const image =
      this.found?.image ??
      this.typed.image
        .trim()
        .split('@')[0]!
        .replace(/:[^/:]+$/, '');
    const given = variables.filter((one) => one.name);
    const pairs = (secret: boolean) =>
      Object.fromEntries(given.filter((one) => one.secret === secret).map((one) => [one.name, one.value]));
    return {
      name,
      image,
      port: Number(port),
      health: { kind: health, path: health === 'http' ? path : null },
      environment: pairs(false),
      secrets: pairs(true),
      ...(proxy ? { proxy } : {}),
      stages: stages.map((stage) => ({
        name: stage.name,
        pattern: stage.pattern.includes(':') ? stage.pattern.trim() : `glob:${stage.pattern.trim()}`,
        auto_deploy: stage.auto,
        promote_from: stage.promoteFrom || null,
      })),
    } as Wish; // what is left out has its default
  }

  /** Put what Forge said beside the field that it is about. */
  #refused(problem: Problem): void {
    const places: Record<string, keyof Faults> = {
      image: 'image',
      name: 'name',
      port: 'port',
      'health.path': 'health.path',
      pattern: 'stages',
      promote_from: 'stages',
      environment: 'variables',
      secrets: 'variables',
    };
    const place = Object.keys(problem.fields)
      .map((field) => places[field] ?? (field.startsWith('stages') ? 'stages' : undefined))
      .find(Boolean);
    if (problem.code === 'project_exists') this.faults = { name: t.start.fresh.taken };
    else if (place) this.faults = { [place]: problem.message };
    else this.problem = problem;
  }
}
