/** What an instance writes: its newest lines, then live. */
import { api, asProblem, ok, type Problem } from '#lib/api/client.ts';
import type { LogLine } from '#lib/api/types.ts';
import type { Live } from '#lib/live/live.svelte.ts';
import { LogBuffer } from '#lib/log/buffer.svelte.ts';

const TAIL = 5000; // lines

const fromForge = async (instance: string): Promise<LogLine[]> =>
  (await ok(
    api.GET('/api/instances/{instance}/logs', {
      params: { path: { instance }, query: { tail: TAIL } },
      headers: { Accept: 'application/json' }, // not as a stream
    }),
  )) as LogLine[];

const same = (one: LogLine) => `${one.at} ${one.stream} ${one.text}`;

export class InstanceLog {
  problem = $state.raw<Problem | null>(null);
  loading = $state(true);
  readonly log = new LogBuffer();
  readonly #id: string;
  readonly #load: (instance: string) => Promise<LogLine[]>;
  #waiting: LogLine[] | null = [];

  constructor(id: string, load = fromForge) {
    this.#id = id;
    this.#load = load;
  }

  follow(live: Live): () => void {
    return live.subscribe({
      topic: `instance:${this.#id}`,
      onGap: () => void this.#begin(),
      onFrame: ({ payload }) => {
        if (this.#waiting) this.#waiting.push(payload);
        else this.log.push([payload]);
      },
    });
  }

  /** The stream is open already: lines that are in both are told by their time and words. */
  async #begin(): Promise<void> {
    this.#waiting = [];
    try {
      const lines = await this.#load(this.#id);
      const known = new Set(lines.slice(-500).map(same));
      const waiting = this.#waiting ?? [];
      this.log.clear();
      this.log.push([...lines, ...waiting.filter((line) => !known.has(same(line)))]);
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    } finally {
      this.#waiting = null;
      this.loading = false;
    }
  }
}
