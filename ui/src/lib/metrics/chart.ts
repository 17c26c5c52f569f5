/** What a chart is made of, in numbers: paths, ticks, and what lies under the pointer. */
import type { Line, Unit } from './figures.ts';

type Scale = (value: number) => number;

/** An SVG path through what is known of `line`; it breaks where nothing is, and leaves out lone values. */
export function pieces(line: Line, x: Scale, y: Scale): string {
  return runs(line)
    .filter((run) => run.length > 1)
    .map((run) => `M${points(run, line, x, y)}`)
    .join('');
}

/** The indices of values with nothing before and after them: no line shows them. */
export function lone(line: Line): number[] {
  return runs(line)
    .filter((run) => run.length === 1)
    .map(([index]) => index!);
}

/** The ground under that path, down to `bottom`. */
export function ground(line: Line, x: Scale, y: Scale, bottom: number): string {
  return runs(line)
    .filter((run) => run.length > 1)
    .map(
      (run) =>
        `M${x(run[0]!).toFixed(1)} ${bottom}L${points(run, line, x, y)}L${x(run.at(-1)!).toFixed(1)} ${bottom}Z`,
    )
    .join('');
}

function points(run: number[], line: Line, x: Scale, y: Scale): string {
  return run.map((index) => `${x(index).toFixed(1)} ${y(line[index]!).toFixed(1)}`).join('L');
}

/** The indices of values that follow one another. */
function runs(line: Line): number[][] {
  const found: number[][] = [];
  line.forEach((value, index) => {
    if (value === null) return;
    if (index > 0 && line[index - 1] !== null) found.at(-1)!.push(index);
    else found.push([index]);
  });
  return found;
}

/** Round values from 0 on, the last at or above `highest`: what the lines across a chart stand for. */
export function levels(highest: number, unit: Unit, count = 4): number[] {
  const least = unit === 'share' ? 0.01 : 1000;
  const rough = Math.max(highest, least) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999)!;
  return Array.from(
    { length: Math.ceil(Math.max(highest, least) / step - 0.001) + 1 },
    (_, index) => index * step,
  );
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const TIME_STEPS = [MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE]
  .concat([HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR])
  .concat([DAY, 2 * DAY, 3 * DAY, 4 * DAY, 7 * DAY]);

/** Round local times from `start` to `end` (unix seconds), at most `count`; `offset` is how far local time is behind UTC. */
export function times(start: number, end: number, count: number, offset = offsetAt(end)): number[] {
  const step = TIME_STEPS.find((one) => (end - start) / one <= count) ?? 7 * DAY;
  const first = Math.ceil((start - offset) / step) * step + offset;
  const found: number[] = [];
  for (let at = first; at <= end; at += step) found.push(at);
  return found;
}

function offsetAt(at: number): number {
  return new Date(at * 1000).getTimezoneOffset() * MINUTE;
}

/** Of a table with at most `rows` rows: every so many steps, from the first that was measured to the last. */
export function rowsOf(lines: Line[], rows: number): number[] {
  const measured = (lines[0] ?? []).map((_, index) => lines.some((line) => line[index] !== null));
  const from = measured.indexOf(true);
  if (from < 0) return [];
  const last = measured.lastIndexOf(true);
  const every = Math.ceil((last - from + 1) / rows);
  return Array.from(
    { length: Math.floor((last - from) / every) + 1 },
    (_, row) => last - row * every,
  ).reverse();
}
