/** Settings that were changed since what serves went live: asked for anew whenever that may have changed. */
import { api, ok } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';
import type { Frame } from '#lib/live/live.svelte.ts';

export type UnappliedOf = components['schemas']['Unapplied'];

const SETTLE = 400; // milliseconds in which several reasons become one

export class Unapplied {
  all = $state.raw<UnappliedOf[]>([]);
  readonly #project: string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(project: string) {
    this.#project = project;
  }

  /** What cannot be told now is told later: nothing depends on it. */
  async load(): Promise<void> {
    const path = { project: this.#project };
    const found = await ok(api.GET('/api/projects/{project}/unapplied', { params: { path } })).catch(
      () => null,
    );
    if (found) this.all = found;
  }

  hear({ type, payload }: Frame): void {
    const concerns = ['project_changed', 'deploy_status', 'instance_status'].includes(type);
    if (!concerns || payload.project !== this.#project) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), SETTLE);
  }
}
