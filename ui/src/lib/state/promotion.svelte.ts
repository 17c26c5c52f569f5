/** What may go on from one stage of a project to the next. */
import { api, ok } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';
import type { Stage } from '#lib/api/types.ts';
import { exact, span } from '#lib/format.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import type { Frame } from '#lib/live/live.svelte.ts';
import { afterChanges } from '#lib/state/afterchanges.ts';

export type Place = components['schemas']['Place'];
type Next = Place['next'][number];

/** Why a digest may not go on at `now` (unix seconds): it waits for its time, or it is not well; null if it may. */
export function holds(next: Pick<Next, 'obstacle' | 'at'>, now: number): 'time' | 'fault' | null {
  if (!next.obstacle) return null;
  if (next.at === null) return 'fault';
  return next.at > now ? 'time' : null;
}

export class Promotion {
  places = $state.raw<Place[]>([]);
  readonly #project: string;
  readonly hear: (frame: Frame) => void;

  constructor(project: string) {
    this.#project = project;
    this.hear = afterChanges(project, () => this.load());
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
}
