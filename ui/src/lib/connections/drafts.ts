/** What was typed into a form that was left unsaved, until the page is closed; secrets are never kept. */
const kept = new Map<string, object>();

/** The draft, over what is there now. */
export function drafted<T extends object>(form: string, now: T): T {
  return { ...now, ...kept.get(form) };
}

export const hasDraft = (form: string): boolean => kept.has(form);

export function keepDraft(form: string, values: object): void {
  kept.set(form, { ...values });
}

export function dropDraft(form: string): void {
  kept.delete(form);
}
