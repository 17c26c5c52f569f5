/** What lies over the page. Drawers are part of the address (`?deploy=42`, `?log=a1b2c3`), dialogs are not. */
import { goto } from '$app/navigation';
import { page } from '$app/state';
import type { Stage } from '#lib/api/types.ts';

/** A question before something that cannot simply be taken back. */
export interface Question {
  title: string;
  /** What happens, and what will be lost; a sentence each. */
  body: string[];
  /** The button that does it. */
  action: string;
  keep: string;
  danger: boolean;
  /** Must be typed first: where data is lost. */
  word?: string;
}

class Dialogs {
  question = $state.raw<(Question & { answer: (yes: boolean) => void }) | null>(null);
  /** Deploy a tag to it. */
  wish = $state.raw<Stage | null>(null);
  /** Test a tag for it. */
  explain = $state.raw<Stage | null>(null);
  palette = $state(false);
  keys = $state(false);

  ask(question: Question): Promise<boolean> {
    this.question?.answer(false);
    return new Promise((resolve) => {
      const answer = (yes: boolean) => {
        this.question = null;
        resolve(yes);
      };
      this.question = { ...question, answer };
    });
  }

  close(): void {
    this.question?.answer(false);
    this.wish = this.explain = null;
    this.palette = this.keys = false;
  }

  get any(): boolean {
    return this.question !== null || this.wish !== null || this.explain !== null || this.palette || this.keys;
  }
}

export const dialogs = new Dialogs();

export type Drawer = 'deploy' | 'log';

/** Open a drawer over the present page, or close it. */
export function drawer(name: Drawer, value: string | number | null): void {
  const url = new URL(page.url.href);
  for (const other of ['deploy', 'log']) url.searchParams.delete(other);
  if (value !== null) url.searchParams.set(name, String(value));
  void goto(url, { reset: false });
}
