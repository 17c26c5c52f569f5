/** Settings that were changed since what serves went live. */
import { api, ok } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';
import type { Frame } from '#lib/live/live.svelte.ts';
import { afterChanges } from '#lib/state/afterchanges.ts';

export type UnappliedOf = components['schemas']['Unapplied'];

export class Unapplied {
  all = $state.raw<UnappliedOf[]>([]);
  readonly #project: string;
  readonly hear: (frame: Frame) => void;

  constructor(project: string) {
    this.#project = project;
    this.hear = afterChanges(project, () => this.load());
  }

  /** What cannot be told now is told later: nothing depends on it. */
  async load(): Promise<void> {
    const path = { project: this.#project };
    const found = await ok(api.GET('/api/projects/{project}/unapplied', { params: { path } })).catch(
      () => null,
    );
    if (found) this.all = found;
  }
}
