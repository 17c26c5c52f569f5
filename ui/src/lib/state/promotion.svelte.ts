/** What may go on from one stage of a project to the next: asked for anew whenever that may have changed. */
import { api, ok } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';
import type { Stage } from '#lib/api/types.ts';
import { exact, span } from '#lib/format.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import type { Frame } from '#lib/live/live.svelte.ts';

export type Place = components['schemas']['Place'];
type Next = Place['next'][number];

const SETTLE = 400; // milliseconds in which several reasons become one

/** Why a digest may not go on at `now` (unix seconds): it waits for its time, or it is not well; null if it may. */
export function holds(next: Pick<Next, 'obstacle' | 'at'>, now: number): 'time' | 'fault' | null {
  if (!next.obstacle) return null;
  if (next.at === null) return 'fault';
  return next.at > now ? 'time' : null;
}

export class Promotion {
  places = $state.raw<Place[]>([]);
  readonly #project: string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(project: string) {
    this.#project = project;
  }

  /** What cannot be told now is told when somebody promotes. */
  async load(): Promise<void> {
    const path = { project: this.#project };
    const found = await ok(api.GET('/api/projects/{project}/promotion', { params: { path } })).catch(
      () => null,
    );
    if (found) this.places = found;
  }

  /** What may come to `stage` by promotion with this digest. */
  next(stage: string, digest: string): Next | undefined {
    return this.places.find((one) => one.stage === stage)?.next.find((one) => one.digest === digest);
  }

  /** Why a digest may not go on to `to` at `now` (unix seconds), empty if it may; and exactly when it may. */
  wait(to: Stage, digest: string, now: number): { why: string; at: string | undefined } {
    const next = this.next(to.name, digest);
    const at = next?.at ? exact(next.at) : undefined;
    const held = next && holds(next, now);
    if (held === 'time')
      return { why: t.settingup.notBefore(span(next!.at! - now), span(to.promote_after)), at };
    return { why: held === 'fault' ? t.settingup.notWell(to.promote_from!) : '', at };
  }

  hear({ type, payload }: Frame): void {
    const concerns = ['project_changed', 'deploy_status', 'instance_status'].includes(type);
    if (!concerns || payload.project !== this.#project) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.load(), SETTLE);
  }
}
