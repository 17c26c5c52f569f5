/** Tags of a project that wait for a person, or are held until their time comes; kept up to date by the stream. */
import { api, asProblem, ok, type Problem } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';
import type { Frame } from '#lib/live/live.svelte.ts';

export type Sighting = components['schemas']['Sighting'];

/** How it asks; handed in for tests. */
export type Ask = (project: string, stage: string) => Promise<Sighting[]>;

const fromForge: Ask = (project, stage) =>
  ok(api.GET('/api/sightings', { params: { query: { project, stage, limit: 200 } } }));

const isPending = (one: Sighting) => one.decision === 'waiting' || one.decision === 'held';

export class Pending {
  #all = $state.raw<Sighting[]>([]);
  problem = $state.raw<Problem | null>(null);
  readonly #ask: Ask;
  readonly #project: string;

  constructor(project: string, ask: Ask = fromForge) {
    this.#project = project;
    this.#ask = ask;
  }

  /** Of a stage, the newest first. */
  of(stage: string): Sighting[] {
    return this.#all.filter((one) => one.stage === stage);
  }

  async load(stages: string[]): Promise<void> {
    try {
      const found = await Promise.all(stages.map((stage) => this.#ask(this.#project, stage)));
      this.#all = found.flat().filter(isPending).sort(newestFirst);
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    }
  }

  hear({ type, payload }: Frame): void {
    if (type === 'sighting' && payload.project === this.#project) this.put(payload);
  }

  put(told: Sighting): void {
    const others = this.#all.filter((one) => one.id !== told.id);
    this.#all = isPending(told) ? [...others, told].sort(newestFirst) : others;
  }
}

const newestFirst = (one: Sighting, other: Sighting) => other.id - one.id;
