/** Which lines of a buffer are shown, and which of them have what is searched for. Only what came since is read. */
import { isDetail, type Level, type Line, type LogBuffer } from './buffer.svelte.ts';

export interface Wish {
  /** The least level; `info` is all but details. */
  shown: 'all' | 'info' | 'warning' | 'error';
  needle: string;
  onlyMatching: boolean;
}

function isShown(level: Level, shown: Wish['shown']): boolean {
  if (shown === 'error') return level === 'error';
  if (shown === 'warning') return level === 'error' || level === 'warning';
  return shown === 'all' || !isDetail(level);
}

export class Selection {
  lines: Line[] = [];
  /** Places in `lines`. */
  hits: number[] = [];
  /** Characters of the longest line. */
  widest = 0;
  #read = 0;
  #recipe = '';

  /** Bring it up to date. `anew`: something else is wished for, or lines went; `came`: lines read beside that. */
  update(buffer: Pick<LogBuffer, 'lines' | 'generation'>, wish: Wish): { anew: boolean; came: number } {
    const needle = wish.needle.toLowerCase();
    const recipe = `${buffer.generation} ${wish.onlyMatching} ${wish.shown} ${needle}`;
    const anew = recipe !== this.#recipe;
    if (anew) {
      this.#recipe = recipe;
      [this.#read, this.lines, this.hits, this.widest] = [0, [], [], 0];
    }
    const before = this.#read;
    const wanted = { ...wish, needle };
    for (; this.#read < buffer.lines.length; this.#read += 1) this.#take(buffer.lines[this.#read]!, wanted);
    return { anew, came: anew ? 0 : this.#read - before };
  }

  #take(line: Line, { shown, needle, onlyMatching }: Wish): void {
    if (!isShown(line.level, shown)) return;
    const hit = needle !== '' && line.plain.toLowerCase().includes(needle);
    if (onlyMatching && needle && !hit) return;
    if (hit) this.hits.push(this.lines.length);
    this.lines.push(line);
    this.widest = Math.max(this.widest, line.plain.length);
  }
}
