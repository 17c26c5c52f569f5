/** What was used over a window: asked for, and asked for again as often as it has something new to show. */
import { api, ok } from '#lib/api/client.ts';
import type { Deploy, MetricsHistory } from '#lib/api/types.ts';
import { Resource } from '#lib/state/resource.svelte.ts';
import type { View } from './view.ts';

export interface Shown {
  metrics: MetricsHistory;
  /** That went live in the window, the newest first. */
  deploys: Deploy[];
}

type Wanted = Omit<View, 'as'>;

const MOST = 60; // seconds: what is new is shown that soon, also where a step is longer
const RETRY = 10;

export class History extends Resource<Shown> {
  constructor(view: Wanted, ask: (view: Wanted) => Promise<Shown> = fromForge) {
    super(() => ask(view));
  }

  /** Load now, and again in time, until the returned function is called; not while nobody sees it. */
  follow(): () => void {
    let timer: ReturnType<typeof setTimeout>;
    let ended = false;
    const again = async () => {
      if (document.visibilityState !== 'hidden') await this.load();
      if (!ended) timer = setTimeout(again, this.wait * 1000);
    };
    void again();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }

  /** Seconds until it has something new to show. */
  get wait(): number {
    if (!this.value) return this.problem ? RETRY : 1;
    const { metrics } = this.value;
    return isEmpty(metrics) ? Math.max(1, Math.ceil(metrics.due)) : Math.min(metrics.step, MOST);
  }
}

/** Whether nothing was measured yet. */
export function isEmpty(metrics: MetricsHistory): boolean {
  const nothing = (line: (number | null)[]) => line.every((value) => value === null);
  return !metrics.instances.length && nothing(metrics.machine.memory) && nothing(metrics.machine.cpu);
}

async function fromForge(view: Wanted): Promise<Shown> {
  const query = { window: view.window, project: view.project, stage: view.stage, instance: view.instance };
  const metrics = await ok(api.GET('/api/metrics', { params: { query } }));
  const one = view.instance ? metrics.instances[0] : undefined;
  const deploys = await ok(
    api.GET('/api/deploys', {
      params: {
        query: {
          project: one?.project ?? view.project,
          stage: one?.stage ?? view.stage,
          status: ['succeeded'],
          limit: 200,
        },
      },
    }),
  );
  return { metrics, deploys: deploys.filter((deploy) => (deploy.ended ?? 0) >= metrics.start) };
}
