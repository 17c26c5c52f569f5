/**
 * What every instance and the machine use now, with the last minutes of each: loaded once, then kept up to date by the
 * stream. Forge measures often only while somebody follows this.
 *
 * In a reactive map by instance, so that a sample wakes only the cards that are shown.
 */
import { SvelteMap } from 'svelte/reactivity';
import { api, asProblem, ok, type Problem } from '#lib/api/client.ts';
import type { InstanceNow, MachineNow, MetricsNow } from '#lib/api/types.ts';
import type { Line } from '#lib/metrics/figures.ts';
import type { Frame, Live } from '#lib/live/live.svelte.ts';

type Used = Pick<InstanceNow, 'cpu' | 'memory' | 'received' | 'sent'>;
interface Told {
  every: number;
  machine: (Used & { disk: number | null }) | null;
  instances: Record<string, Used>;
}

const QUIET = 30_000; // milliseconds after which the stream is not waited for
const OFTEN = 4000; // milliseconds between two questions of who is not told
const MISSED = 3; // a frame that comes after so many intervals: what was between is loaded

export class Metrics {
  machine = $state.raw<MachineNow | null>(null);
  problem = $state.raw<Problem | null>(null);
  readonly now = new SvelteMap<string, InstanceNow>();

  readonly #ask: () => Promise<MetricsNow>;
  #run = 0;
  /** When something was asked for or heard last; milliseconds. */
  #heard = 0;
  #at = 0;
  #every = 0;
  /** Of the newest step of the sparks: its number since 1970, how long it is, and how many samples are in it. */
  #step = 0;
  #seconds = 1;
  #samples = 1;

  constructor(ask: () => Promise<MetricsNow> = () => ok(api.GET('/api/metrics/now'))) {
    this.#ask = ask;
  }

  /** Follow the stream until the returned function is called. Who sees some projects only is not `told`, and asks. */
  follow(live: Live, told = true): () => void {
    if (!told) void this.load();
    const leave = !told
      ? () => {}
      : live.subscribe({
          topic: 'metrics',
          onGap: () => void this.load(),
          onFrame: (frame) => this.hear(frame),
        });
    const timer = setInterval(() => {
      const quiet = Date.now() - this.#heard > (told ? QUIET : OFTEN);
      if (quiet && document.visibilityState !== 'hidden') void this.load();
    }, 5000);
    return () => {
      leave();
      clearInterval(timer);
    };
  }

  async load(): Promise<void> {
    const run = (this.#run += 1);
    this.#heard = Date.now();
    try {
      const now = await this.#ask();
      if (run === this.#run) this.#replace(now);
    } catch (error) {
      if (run === this.#run) this.problem = asProblem(error);
    }
  }

  hear(frame: Frame): void {
    this.#heard = Date.now();
    if (!this.machine) return; // the present is on its way
    if (frame.at - this.#at > MISSED * Math.max(this.#every, 3)) void this.load();
    const told = frame.payload as Told;
    const step = Math.floor(frame.at / this.#seconds);
    const steps = Math.max(0, step - this.#step);
    this.#samples = steps ? 1 : this.#samples + 1;
    this.#step = Math.max(step, this.#step);
    this.#at = frame.at;
    this.#every = told.every;
    if (told.machine) this.machine = { ...this.machine, ...told.machine };
    for (const id of [...this.now.keys()]) if (!(id in told.instances)) this.now.delete(id);
    for (const [id, used] of Object.entries(told.instances)) this.#put(id, used, steps);
  }

  #replace(now: MetricsNow): void {
    this.problem = null;
    this.machine = now.machine;
    this.#at = now.at;
    this.#every = now.every;
    this.#seconds = now.spark_step;
    this.#step = Math.floor(now.at / now.spark_step);
    this.#samples = 1;
    for (const id of [...this.now.keys()]) if (!(id in now.instances)) this.now.delete(id);
    for (const [id, instance] of Object.entries(now.instances)) {
      // one that was not measured is not running: what it used before it ended is not what it uses
      if (instance.memory === null) this.now.delete(id);
      else this.now.set(id, instance);
    }
  }

  #put(id: string, used: Used, steps: number): void {
    const before = this.now.get(id) ?? { cpu_spark: NOTHING, memory_spark: NOTHING };
    const mean = (one: number, other: number) => one + (other - one) / this.#samples;
    this.now.set(id, {
      ...used,
      cpu_spark: advance(before.cpu_spark, steps, used.cpu, mean),
      memory_spark: advance(before.memory_spark, steps, used.memory, Math.max),
    });
  }
}

const NOTHING: Line = Array.from({ length: 30 }, () => null);

/** A line that went on by `steps`; within a step, values are put together by `merge`. */
export function advance(
  line: Line,
  steps: number,
  value: number | null,
  merge: (one: number, other: number) => number,
): (number | null)[] {
  if (steps) {
    const skipped = Math.min(steps, line.length) - 1;
    return [...line.slice(steps), ...Array.from({ length: skipped }, () => null), value];
  }
  const last = line.at(-1) ?? null;
  return [...line.slice(0, -1), last === null || value === null ? (value ?? last) : merge(last, value)];
}
