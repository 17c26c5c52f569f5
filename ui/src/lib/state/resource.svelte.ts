/** Something that is asked for once and shown: its value, whether it is on its way, and what went wrong. */
import { asProblem, type Problem } from '#lib/api/client.ts';

export class Resource<T> {
  value = $state.raw<T | null>(null);
  loading = $state(false);
  problem = $state.raw<Problem | null>(null);
  readonly #ask: () => Promise<T>;
  #run = 0;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  /** Whether nobody has asked yet. */
  get unasked(): boolean {
    return this.#run === 0;
  }

  /** Ask (again); what was there stays until the answer is. An answer that was overtaken is dropped. */
  async load(): Promise<void> {
    const run = (this.#run += 1);
    this.loading = true;
    try {
      const value = await this.#ask();
      if (run !== this.#run) return;
      this.value = value;
      this.problem = null;
    } catch (error) {
      if (run === this.#run) this.problem = asProblem(error);
    } finally {
      if (run === this.#run) this.loading = false;
    }
  }
}
