/** What was typed into a form and not saved yet, kept by this browser across a reload. */
import { keep, kept } from './storage.ts';

/** As it was kept under `name`; nothing if that cannot be read. */
export function readDraft<T>(name: string): Partial<T> {
  try {
    return JSON.parse(kept(name) ?? '{}') as Partial<T>;
  } catch {
    return {};
  }
}

export function keepDraft<T>(name: string, draft: Partial<T>): void {
  keep(name, JSON.stringify(draft));
}

export function without<T extends object>(values: T, fields: string[]): T {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !fields.includes(name))) as T;
}

export const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
