/** What a deploy's steps and probes say about time: when which instance served, how long the switch took. */
import type { Deploy, ProbeResult, Step } from '#lib/api/types.ts';

export interface Stretch {
  from: number;
  to: number;
  /** `proves`: it is started and not proven yet; `waits`: proven, and not routed to; `ends`: it finishes requests. */
  state: 'serves' | 'proves' | 'waits' | 'ends';
}

/** Times in unix seconds, spans in seconds. */
export interface Switch {
  from: number;
  to: number;
  old: Stretch[];
  fresh: Stretch[];
  /** Until the proxy had taken the new route; null without a proxy. */
  ordered: number | null;
  /** From the order until the new one was seen to answer through the route. */
  seen: number | null;
  /** Nothing served meanwhile: what stops first costs that. */
  gap: number | null;
  drained: number | null;
}

/** The switch, once the new instance serves; null before, and where nothing served and there is no route. */
export function measure(deploy: Deploy & { replicas?: number }, steps: Iterable<Step>): Switch | null {
  const named = new Map([...steps].map((step) => [step.name, step]));
  const replicas = deploy.replicas ?? 1;
  const done = (name: string, replica = 1) => {
    const step = named.get(replicas > 1 ? `${name} ${replica} of ${replicas}` : name) ?? named.get(name);
    return step?.status === 'done' && step.ended !== null ? { ...step, ended: step.ended } : undefined;
  };
  // the new digest serves from its first replica's turn on, the old one until its last
  const [start, proven, first, order, seen] = [
    done('start'),
    done('wait until healthy'),
    done('switch route'),
    done('switch route', replicas),
    done('confirm through the route', replicas),
  ];
  if (!start || !proven || !first || !order || !seen) return null;
  const stopped = done('stop the old');
  const drain = done('drain and stop the old');
  const shown = deploy.measured?.switch ?? null;
  const hadOld = deploy.replaces !== null;
  if (!hadOld && shown === null) return null;

  const from = stopped?.started ?? start.started;
  const to = drain?.ended ?? done('go live')?.ended ?? seen.ended;
  const old: Stretch[] = [];
  if (hadOld && stopped) old.push({ from: stopped.started, to: stopped.ended, state: 'ends' });
  else if (hadOld) {
    old.push({ from, to: order.ended, state: 'serves' });
    old.push({ from: order.ended, to, state: 'ends' });
  }
  const fresh: Stretch[] = [
    { from: start.started, to: proven.ended, state: 'proves' },
    { from: proven.ended, to: first.ended, state: 'waits' },
    { from: first.ended, to, state: 'serves' },
  ];
  return {
    from,
    to,
    old,
    fresh,
    ordered: shown === null ? null : order.ended - order.started,
    seen: shown === null ? null : shown / 1000,
    gap: hadOld && stopped ? seen.ended - stopped.started : null,
    drained: hadOld && drain ? drain.ended - drain.started : null,
  };
}

/** Probes one after the other that found the same. */
export interface ProbeRun {
  from: number;
  to: number;
  count: number;
  healthy: boolean | null;
  text: string;
}

export function runs(probes: ProbeResult[]): ProbeRun[] {
  const found: ProbeRun[] = [];
  for (const { at, healthy, text } of probes) {
    const last = found.at(-1);
    if (last && last.text === text && last.healthy === healthy) {
      last.to = at;
      last.count += 1;
    } else found.push({ from: at, to: at, count: 1, healthy, text });
  }
  return found;
}

/** Round places between 0 and `length` (seconds) for a scale, at most `most` of them beside 0. */
export function scale(length: number, most = 5): number[] {
  if (!(length > 0)) return [0];
  const raw = length / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw) ?? raw;
  const count = Math.floor(length / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, index) => index * step);
}
