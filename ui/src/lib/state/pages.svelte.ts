/** A list by pages, the newest first: what happens is put on top, what is older is fetched when it is wanted. */
import { asProblem, type Problem } from '#lib/api/client.ts';

const SETTLE = 1000; // milliseconds in which any number of reasons to look again become one

/** How a list asks: at most `limit`, those with an id below `before`. */
export type Ask<T> = (page: { before?: number; limit: number }) => Promise<T[]>;

export class Pages<T extends { id: number }> {
  rows = $state.raw<T[]>([]);
  /** The first page is not there yet. */
  loading = $state(true);
  /** Older ones are on their way. */
  fetching = $state(false);
  /** There may be older ones. */
  more = $state(false);
  problem = $state.raw<Problem | null>(null);

  readonly #ask: Ask<T>;
  readonly #limit: number;
  #run = 0;
  /** What was put while a page is on its way: it may be newer than the answer. */
  #since: [row: T, fits: boolean][] | null = null;
  #due: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: Ask<T>, limit = 50) {
    this.#ask = ask;
    this.#limit = limit;
  }

  /** The newest page anew. What was fetched of the past stays, unless there may be a gap before it. */
  async load(): Promise<void> {
    const run = (this.#run += 1);
    this.#since ??= [];
    try {
      const page = await this.#ask({ limit: this.#limit });
      if (run !== this.#run) return;
      const last = page.at(-1)?.id ?? 0;
      const joins = page.length === this.#limit && this.rows.some((row) => row.id >= last);
      const past = joins ? this.rows.filter((row) => row.id < last) : [];
      this.rows = [...page, ...past];
      if (!past.length) this.more = page.length === this.#limit;
      this.problem = null;
    } catch (error) {
      if (run === this.#run) this.problem = asProblem(error);
    } finally {
      if (run === this.#run) this.#settle();
    }
  }

  #settle(): void {
    const since = this.#since ?? [];
    this.#since = null;
    this.loading = false;
    for (const [row, fits] of since) this.put(row, fits);
  }

  /** Something happened that only Forge can tell: look again, but not more often than people can read. */
  loadSoon(): void {
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      void this.load();
    }, SETTLE);
  }

  async older(): Promise<void> {
    const before = this.rows.at(-1)?.id;
    if (this.fetching || before === undefined) return;
    this.fetching = true;
    try {
      const page = await this.#ask({ before, limit: this.#limit });
      this.rows = [...this.rows, ...page.filter((row) => row.id < (this.rows.at(-1)?.id ?? 0))];
      this.more = page.length === this.#limit;
      this.problem = null;
    } catch (error) {
      this.problem = asProblem(error);
    } finally {
      this.fetching = false;
    }
  }

  /** Put `row` where it belongs; one that does not fit (any longer) goes. */
  put(row: T, fits = true): void {
    this.#since?.push([row, fits]);
    const known = this.rows.some((one) => one.id === row.id);
    if (known && fits) this.rows = this.rows.map((one) => (one.id === row.id ? row : one));
    else if (known) this.rows = this.rows.filter((one) => one.id !== row.id);
    else if (fits && row.id > (this.rows[0]?.id ?? 0)) this.rows = [row, ...this.rows];
    // an older one that is not here belongs to a page nobody has asked for
  }

  stop(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#run += 1;
  }
}
