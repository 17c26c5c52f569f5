/**
 * A long list drawn in pieces: what is in sight at once, the rest in the moments after it, so that neither the first
 * paint nor a key waits for hundreds of rows. All of it is there soon: it can be searched, and walked by keyboard.
 */
const PIECE = 24; // about what a window shows
const MOMENT = 16; // milliseconds in which the browser draws a piece

export class Gradual {
  #room = $state(PIECE);
  readonly #weight: () => number;

  /** `weight`: of the whole list, in rows. To be made while a component is. */
  constructor(weight: () => number) {
    this.#weight = weight;
    $effect(() => {
      if (this.whole) {
        if (weight() > 0) this.#room = Infinity; // what is there stays, however much it comes to weigh
        return;
      }
      const timer = setTimeout(() => (this.#room += PIECE), MOMENT);
      return () => clearTimeout(timer);
    });
  }

  get whole(): boolean {
    return this.#room >= this.#weight();
  }

  /** As many of the list as there is room for by now. */
  of<T>(list: T[], weight: (one: T) => number = () => 1): T[] {
    if (this.whole) return list;
    let left = this.#room;
    const end = list.findIndex((one) => (left -= weight(one)) < 0);
    return end < 0 ? list : list.slice(0, Math.max(1, end));
  }

  /** The list is another one from now on. */
  restart(): void {
    this.#room = PIECE;
  }
}

/** Names of what is large: many that are wanted at once come one after another, what is not wanted goes at once. */
export class OneByOne {
  #here = $state.raw<ReadonlySet<string>>(new Set());
  #waiting = $state(false);

  /** To be made while a component is. */
  constructor(wanted: () => string[]) {
    $effect.pre(() => {
      const all = wanted();
      const kept = all.filter((name) => this.#here.has(name));
      const fresh = this.#waiting ? [] : all.filter((name) => !this.#here.has(name));
      if (fresh.length || kept.length < this.#here.size) {
        this.#here = new Set([...kept, ...fresh.slice(0, 1)]);
      }
      if (fresh.length > 1) {
        this.#waiting = true;
        setTimeout(() => (this.#waiting = false), 2 * MOMENT);
      }
    });
  }

  has(name: string): boolean {
    return this.#here.has(name);
  }
}
