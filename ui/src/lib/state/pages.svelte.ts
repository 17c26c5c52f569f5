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
  #due: ReturnType<typeof setTimeout> | undefined;

  constructor(ask: Ask<T>, limit = 50) {
    this.#ask = ask;
    this.#limit = limit;
  }

  /** The newest page anew. What was fetched of the past stays, unless there may be a gap before it. */
  async load(): Promise<void> {
    const run = (this.#run += 1);
    try {
      const page = await this.#ask({ limit: this.#limit });
      if (run !== this.#run) return;
      const last = page.at(-1)?.id ?? 0;
      const joins = page.length === this.#limit && this.rows.some((row) => row.id >= last);
      this.rows = joins ? [...page, ...this.rows.filter((row) => row.id < last)] : page;
      if (!joins) this.more = page.length === this.#limit;
      this.problem = null;
    } catch (error) {
      if (run === this.#run) this.problem = asProblem(error);
    } finally {
      if (run === this.#run) this.loading = false;
    }
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
    const known = this.rows.some((one) => one.id === row.id);
    if (known)
      this.rows = fits ? this.rows.map((one) => (one.id === row.id ? row : one)) : this.without(row.id);
    else if (fits && row.id > (this.rows[0]?.id ?? 0)) this.rows = [row, ...this.rows];
    // an older one that is not here belongs to a page nobody has asked for
  }

  without(id: number): T[] {
    return this.rows.filter((one) => one.id !== id);
  }

  stop(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
    this.#run += 1;
  }
}
