/**
 * A form that is being filled in: kept by the browser across reloads, checked by Forge while somebody types, sent as a
 * whole. Whoever shows it calls `follow` and `renew` in an effect each.
 */
import { untrack } from 'svelte';
import { asProblem, type Problem } from '#lib/api/client.ts';
import { forget, keep, kept } from '#lib/state/storage.ts';
import type { Faults } from './variables.ts';

export interface Plan<Form, View> {
  /** Where the browser keeps it. */
  name: string;
  /** As Forge has it now. */
  form(): Form;
  formOf(view: View): Form;
  /** What the browser may keep: no secrets. */
  kept(form: Form): Form;
  /** What in it cannot even be sent, by field. */
  faults(form: Form): Faults;
  /** `dry`: only checked, nothing is kept. */
  send(form: Form, dry: boolean): Promise<View>;
}

const PAUSE = 500; // milliseconds after the last key until Forge is asked
const GATHERED = /^(environment|secrets|volumes|labels|aliases|capabilities)\b.*/; // lists have one place for what is wrong

/** What was typed until this page is left or loaded anew: here, and nowhere else, with secrets. */
export const typed = new Map<string, string>();

export class Draft<Form extends object, View> {
  readonly #plan: Plan<Form, View>;
  #base = $state('');
  #tried = $state(false);
  form: Form = $state() as Form;
  /** As it would be, by Forge's own word; null while that is not known. */
  checked = $state.raw<View | null>(null);
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);
  /** Somebody else changed it while it was being filled in. */
  overtaken = $state(false);
  readonly #text = $derived(JSON.stringify(this.form));
  readonly dirty = $derived(this.#text !== this.#base);
  readonly #unreadable = $derived.by(() => (this.dirty ? this.#plan.faults(this.form) : {}));
  /** By field: what is wrong there. */
  readonly faults: Faults = $derived({
    ...faultsOf(this.problem),
    ...(this.#tried ? this.#unreadable : {}), // nobody is told of a gap that they are about to fill
  });

  /** What Forge would make of it is not known: it cannot be as it stands. */
  get unchecked(): boolean {
    return !this.checked && Object.keys({ ...this.faults, ...this.#unreadable }).length > 0;
  }

  constructor(plan: Plan<Form, View>) {
    this.#plan = plan;
    const now = plan.form();
    const before = this.#restore(now);
    this.#base = JSON.stringify(now);
    this.form = before?.form ?? now;
    this.overtaken = before !== null && before.base !== this.#base;
  }

  get base(): Form {
    return JSON.parse(this.#base) as Form;
  }

  /** Keeps what was typed, and has it checked once the typing pauses. */
  follow(): (() => void) | undefined {
    const ready = this.dirty && !Object.keys(this.#unreadable).length;
    const text = this.#text;
    untrack(() => {
      this.problem = null;
      this.#keep();
      if (!ready) this.checked = null;
    });
    if (!ready) return undefined;
    const timer = setTimeout(() => void this.#check(text), PAUSE);
    return () => clearTimeout(timer);
  }

  /** Forge has it differently now: taken over, unless something was typed. */
  renew(): void {
    const now = this.#plan.form();
    const text = JSON.stringify(now);
    untrack(() => {
      if (text === this.#base) return;
      if (this.dirty) this.overtaken = true;
      else this.form = now;
      this.#base = text;
    });
  }

  discard(): void {
    this.#settle(this.#plan.form());
  }

  /** What Forge has then; null if it was not sent or refused, and `faults` and `problem` say why. */
  async save(): Promise<View | null> {
    this.#tried = true;
    if (Object.keys(this.#unreadable).length) return null;
    this.busy = true;
    try {
      const view = await this.#plan.send(this.form, false);
      this.#settle(this.#plan.formOf(view));
      return view;
    } catch (error) {
      this.problem = asProblem(error);
      return null;
    } finally {
      this.busy = false;
    }
  }

  async #check(text: string): Promise<void> {
    try {
      const view = await this.#plan.send(this.form, true);
      if (text !== this.#text || !this.dirty) return;
      this.checked = view;
      this.problem = null;
    } catch (error) {
      if (text !== this.#text || !this.dirty) return;
      this.checked = null;
      const problem = asProblem(error);
      if (problem.status >= 400 && problem.status < 500) this.problem = problem; // the rest is said when it is saved
    }
  }

  #settle(form: Form): void {
    this.form = form;
    this.#base = JSON.stringify(form);
    this.overtaken = false;
    this.#tried = false;
    this.problem = null;
    this.checked = null;
    this.#forget();
  }

  #keep(): void {
    if (!this.dirty) return this.#forget();
    const { name, kept } = this.#plan;
    typed.set(name, JSON.stringify({ base: this.#base, form: this.form }));
    keep(name, JSON.stringify({ base: this.#base, form: kept(this.form) }));
  }

  #forget(): void {
    typed.delete(this.#plan.name);
    forget(this.#plan.name);
  }

  #restore(now: Form): { base: string; form: Form } | null {
    try {
      const found = JSON.parse(typed.get(this.#plan.name) ?? kept(this.#plan.name) ?? 'null');
      const same = found && Object.keys(now).every((field) => field in found.form);
      return same ? found : null; // one of an older page does not fit any more
    } catch {
      return null;
    }
  }
}

/** A refusal's fields, each with the sentence for people. */
function faultsOf(problem: Problem | null): Faults {
  const fields = Object.keys(problem?.fields ?? {});
  return Object.fromEntries(fields.map((field) => [placeOf(field), problem!.message]));
}

function placeOf(field: string): string {
  const list = GATHERED.exec(field)?.[1];
  if (!list) return field;
  return list === 'environment' || list === 'secrets' ? 'variables' : list;
}
