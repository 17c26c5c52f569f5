/** The steps of a deploy as they are shown: those of one of several replicas together. */
import type { Step } from '#lib/api/types.ts';
import { t } from '#lib/i18n/words.svelte.ts';

export interface Part {
  position: number;
  name: string;
  step: Step | undefined;
}

/** `replica`: whose steps these are; null where it is one step of all. */
export interface Row {
  key: string;
  replica: { number: number; of: number } | null;
  parts: Part[];
}

const ONE_OF = /^(.*) (\d+) of (\d+)$/;

/** `create 2 of 3`: the step, and of which replica. */
export function readStep(name: string): { step: string; number: number; of: number } | null {
  const found = ONE_OF.exec(name);
  return found && { step: found[1]!, number: Number(found[2]), of: Number(found[3]) };
}

export function sayStep(name: string): string {
  const one = readStep(name);
  return one ? t.replicas.step(word(one.step), one.number, one.of) : word(name);
}

/** Without the replica, where a row says it. */
export const sayPart = (name: string): string => word(readStep(name)?.step ?? name);

const word = (step: string): string => t.step[step] ?? step;

/** `names`: all that are to come; `steps`: what the journal has of them. */
export function rowsOf(names: string[], steps: ReadonlyMap<number, Step>): Row[] {
  const length = Math.max(names.length, ...[...steps.keys()].map((position) => position + 1));
  const rows = new Map<string, Row>();
  for (let position = 0; position < length; position += 1) {
    const step = steps.get(position);
    const name = step?.name ?? names[position] ?? '';
    const one = readStep(name);
    const key = one ? `replica ${one.number}` : `step ${position}`;
    const row = rows.get(key) ?? { key, replica: one && { number: one.number, of: one.of }, parts: [] };
    row.parts.push({ position, name, step });
    rows.set(key, row);
  }
  return [...rows.values()];
}

const WORST_FIRST = ['failed', 'undo_failed', 'running', 'undone'] as const;

export function stateOf(row: Row): Step['status'] | 'todo' {
  const states = row.parts.map(({ step }) => step?.status ?? 'todo');
  const worst = WORST_FIRST.find((state) => states.includes(state));
  if (worst) return worst;
  if (states.every((state) => state === 'done')) return 'done';
  return states.includes('done') ? 'running' : 'todo';
}

/** How long its steps took; null where that is not known: an undone one ended when it was undone. */
export function secondsOf(row: Row, now: number): number | null {
  const begun = row.parts.map(({ step }) => step).filter((step) => step !== undefined);
  if (!begun.length || begun.some(({ status }) => status === 'undone' || status === 'undo_failed'))
    return null;
  return begun.reduce((sum, step) => sum + ((step.ended ?? Math.max(now, step.started)) - step.started), 0);
}

/** The part of a row to name: what is under way or went wrong in it. */
export const partAt = (row: Row): Part | undefined =>
  row.parts.findLast(({ step }) => step !== undefined && step.status !== 'done');
