/** What is used, as people read it. */
import { spoken, t } from '#lib/i18n/words.svelte.ts';

/** One value for each step, null where nothing was measured. */
export type Line = readonly (number | null)[];
export type Unit = 'share' | 'size' | 'rate';

/** A part of 1: `0.25%`, `3.4%`, `33%`. */
export function share(part: number): string {
  const digits = part < 0.00995 ? 2 : part < 0.0995 ? 1 : 0;
  return part.toLocaleString(spoken.language, { style: 'percent', maximumFractionDigits: digits });
}

const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** Bytes, short: `640 kB`, `181 MB`, `1.4 GB`. */
export function size(bytes: number): string {
  return `${number(bytes)} ${UNITS[unitOf(bytes)]}`;
}

/** `7.1 of 16 GB`: both in the unit of the whole. */
export function sizeOf(bytes: number, whole: number): string {
  const unit = unitOf(whole);
  return t.metrics.of(number(bytes, unit), `${number(whole, unit)} ${UNITS[unit]}`);
}

export function rate(bytes: number): string {
  return t.metrics.perSecond(size(bytes));
}

export const FIGURES: Record<Unit, (value: number) => string> = { share, size, rate };

export function figure(unit: Unit, value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : FIGURES[unit](value);
}

function unitOf(bytes: number): number {
  return bytes < 999.5e3 ? 0 : bytes < 999.5e6 ? 1 : bytes < 999.5e9 ? 2 : 3;
}

function number(bytes: number, unit = unitOf(bytes)): string {
  const value = bytes / 1000 ** (unit + 1);
  return value.toLocaleString(spoken.language, { maximumFractionDigits: value && value < 9.95 ? 1 : 0 });
}

export function known(line: Line): number[] {
  return line.filter((value) => value !== null);
}

export function average(line: Line): number | null {
  const values = known(line);
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

export function highest(line: Line): number | null {
  const values = known(line);
  return values.length ? Math.max(...values) : null;
}
