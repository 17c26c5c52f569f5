/** One deploy, live: what it is, its steps, its layers and its log. */
import { SvelteMap } from 'svelte/reactivity';
import { api, asProblem, ok, type Problem } from '#lib/api/client.ts';
import type { DeployLine, DeployView, LastWords, Layer, ProbeResult, Step } from '#lib/api/types.ts';
import type { Frame, Live } from '#lib/live/live.svelte.ts';
import { LogBuffer, type Level } from '#lib/log/buffer.svelte.ts';
import { isUnderWay } from '#lib/status.ts';

const PAGE = 5000; // lines

/** How the feed asks; handed in for tests. */
export interface DeploySource {
  deploy(id: number): Promise<DeployView>;
  lines(id: number, after: number): Promise<DeployLine[]>;
}

const fromForge: DeploySource = {
  deploy: (deploy) => ok(api.GET('/api/deploys/{deploy}', { params: { path: { deploy } } })),
  // as JSON, not as a stream: Accept says so
  lines: async (deploy, after) =>
    (await ok(
      api.GET('/api/deploys/{deploy}/logs', {
        params: { path: { deploy }, query: { after, limit: PAGE } },
        headers: { Accept: 'application/json' },
      }),
    )) as DeployLine[],
};

const LEVELS: Record<string, Level | undefined> = { error: 'error', warning: 'warning', probe: 'probe' };

function asLine({ at, level, text }: Pick<DeployLine, 'at' | 'level' | 'text'>) {
  // an instance's own words say themselves how serious they are
  return level === 'output' ? { at, text } : { at, text, level: LEVELS[level] ?? ('none' as Level) };
}

export class DeployFeed {
  deploy = $state.raw<DeployView | null>(null);
  problem = $state.raw<Problem | null>(null);
  readonly steps = new SvelteMap<number, Step>();
  layers = $state.raw<Layer[]>([]);
  /** Of the pull, bytes a second, smoothed. */
  rate = $state(0);
  probes = $state.raw<ProbeResult[]>([]);
  readonly log = new LogBuffer();
  /** The past of the log is on its way. */
  reading = $state(true);
  readonly id: number;

  readonly #source: DeploySource;
  #measured: { at: number; bytes: number } | null = null;
  #leave: (() => void) | null = null;
  #run = 0;

  constructor(id: number, source: DeploySource = fromForge) {
    this.id = id;
    this.#source = source;
  }

  get lastWords(): LastWords | null {
    return (this.deploy?.last_words as LastWords | null) ?? null;
  }

  /** Load it and follow it until the returned function is called. */
  follow(live: Live): () => void {
    void this.#begin(live);
    return () => {
      this.#run += 1;
      this.#leave?.();
    };
  }

  /**
   * A long log takes a while, so the deploy is shown before; it is asked for anew after the log, as only what happens
   * after the last line comes from the stream.
   */
  async #begin(live: Live): Promise<void> {
    const run = (this.#run += 1);
    this.#leave?.();
    this.log.clear();
    this.probes = [];
    this.reading = true;
    try {
      const [first, since] = await Promise.all([this.#show(run), this.#loadLines(run)]);
      const deploy = isUnderWay(first) ? await this.#show(run) : first;
      if (!isUnderWay(deploy)) await this.#loadLines(run, since); // written while it ended
      if (run !== this.#run) return;
      this.problem = null;
      this.reading = false;
      if (!isUnderWay(deploy)) return;
      this.#leave = live.subscribe({
        topic: `deploy:${this.id}`,
        since: String(since),
        onFrame: (frame) => this.hear(frame),
        onGap: () => void this.#begin(live),
      });
    } catch (error) {
      if (run === this.#run) this.problem = asProblem(error);
    }
  }

  async #show(run: number): Promise<DeployView> {
    const deploy = await this.#source.deploy(this.id);
    if (run === this.#run) this.#take(deploy);
    return deploy;
  }

  /** Lines from number `after` on; the last number. */
  async #loadLines(run: number, after = 0): Promise<number> {
    for (;;) {
      const lines = await this.#source.lines(this.id, after);
      if (run !== this.#run) return after;
      this.#pushLines(lines);
      after = lines.at(-1)?.id ?? after;
      if (lines.length < PAGE) return after;
    }
  }

  #take(deploy: DeployView): void {
    this.deploy = deploy;
    this.steps.clear();
    for (const step of deploy.steps) this.steps.set(step.position, step);
    if (deploy.layers.length) this.layers = deploy.layers; // of a pull that was begun before this page
    if (this.lastWords) this.probes = this.lastWords.probes;
  }

  #pushLines(lines: (Pick<DeployLine, 'at' | 'level' | 'text'> & { healthy?: boolean | null })[]): void {
    this.log.push(lines.map(asLine));
    const probes = lines.filter((line) => line.level === 'probe');
    if (probes.length && !this.lastWords)
      this.probes = [
        ...this.probes,
        ...probes.map(({ at, text, healthy = null }) => ({ at, text, healthy })),
      ];
  }

  /** Apply what a frame of the stream says. */
  hear({ type, payload, at }: Frame): void {
    if (type === 'deploy_log') this.#pushLines([payload]);
    else if (type === 'deploy_step') this.steps.set(payload.position, payload);
    else if (type === 'deploy_progress') this.#progress(payload.layers, at);
    else if (type === 'deploy_status' && this.deploy) {
      const ended = !isUnderWay(payload);
      this.deploy = { ...this.deploy, ...payload };
      if (ended) void this.#reload();
    }
  }

  /** What is known only at the end: last words, and whether it is tried again. */
  async #reload(): Promise<void> {
    const run = this.#run;
    const deploy = await this.#source.deploy(this.id).catch(() => null);
    if (deploy && run === this.#run) this.#take(deploy);
  }

  #progress(layers: Layer[], at: number): void {
    this.layers = layers;
    const bytes = layers.reduce((sum, layer) => sum + (layer.status === 'exists' ? 0 : layer.current), 0);
    if (this.#measured && at > this.#measured.at + 0.2) {
      const rate = Math.max(0, bytes - this.#measured.bytes) / (at - this.#measured.at);
      this.rate = this.rate ? this.rate * 0.7 + rate * 0.3 : rate;
    }
    if (!this.#measured || at > this.#measured.at + 0.2) this.#measured = { at, bytes };
  }
}
