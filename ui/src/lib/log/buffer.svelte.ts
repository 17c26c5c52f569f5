/** The lines of a log: a plain array outside of the reactive graph, told of a few times a second however many lines came. */
import { stripAnsi } from './ansi.ts';

export type Level = 'error' | 'warning' | 'info' | 'debug' | 'probe' | 'none';

export interface Line {
  /** 1 for the first line that was ever pushed. */
  number: number;
  at: number;
  raw: string;
  plain: string;
  level: Level;
}

const CALM = 80; // milliseconds between two looks at what came: nobody reads faster

const WORDS: [RegExp, Level][] = [
  [/\b(ERROR|FATAL|PANIC|CRITICAL)\b|^\s*✗|\berror:/i, 'error'],
  [/\b(WARN|WARNING)\b|\bwarning:/i, 'warning'],
  [/\b(DEBUG|TRACE)\b/, 'debug'],
  [/\bINFO\b/, 'info'],
];

export const isDetail = (level: Level): boolean => level === 'debug' || level === 'probe';

/** What a line's own words say of its level. */
export function levelOf(text: string): Level {
  return WORDS.find(([words]) => words.test(text))?.[1] ?? 'none';
}

export class LogBuffer {
  /** Goes up when lines came; read it to follow them. */
  revision = $state(0);
  errors = $state(0);
  warnings = $state(0);
  /** Of no interest until somebody looks for a fault: debugging words and health probes. */
  details = $state(0);
  /** How many of the first lines are no longer here. */
  dropped = $state(0);
  lines: Line[] = [];
  /** Another number: what was read of `lines` before no longer fits. */
  generation = 0;
  readonly #most: number;
  #count = 0;
  #due = false;
  #told = -CALM;

  constructor(most = 100_000) {
    this.#most = most;
  }

  push(lines: { at: number; text: string; level?: Level }[]): void {
    let [errors, warnings, details] = [0, 0, 0];
    for (const { at, text, level } of lines) {
      const plain = stripAnsi(text);
      const found = level ?? levelOf(plain);
      if (found === 'error') errors += 1;
      else if (found === 'warning') warnings += 1;
      else if (isDetail(found)) details += 1;
      this.#count += 1;
      this.lines.push({ number: this.#count, at, raw: text, plain, level: found });
    }
    if (errors) this.errors += errors;
    if (warnings) this.warnings += warnings;
    if (details) this.details += details;
    this.#bound();
    this.#tell();
  }

  clear(): void {
    this.lines = [];
    this.#count = 0;
    this.errors = this.warnings = this.details = 0;
    this.dropped = 0;
    this.generation += 1;
    this.#tell();
  }

  #bound(): void {
    if (this.lines.length <= this.#most * 1.1) return;
    this.lines = this.lines.slice(-this.#most);
    this.dropped = this.#count - this.#most;
    this.generation += 1;
  }

  #tell(): void {
    if (this.#due) return;
    this.#due = true;
    const tell = () => {
      this.#due = false;
      this.#told = performance.now();
      this.revision += 1;
    };
    // a hidden tab draws no frames; and a long log is copied each time it is shown anew
    if (document.visibilityState === 'hidden') setTimeout(tell, 250);
    else setTimeout(() => requestAnimationFrame(tell), Math.max(0, this.#told + CALM - performance.now()));
  }
}
