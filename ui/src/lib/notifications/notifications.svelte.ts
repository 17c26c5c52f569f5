/** Notifications as Forge has them, kept at the present, and the tests that were sent from here. */
import { SvelteMap } from 'svelte/reactivity';
import { api, asProblem, ok } from '#lib/api/client.ts';
import type { Notification, SendAnswer } from '#lib/api/types.ts';
import type { Frame, Live } from '#lib/live/live.svelte.ts';
import { Resource } from '#lib/state/resource.svelte.ts';
import type { Mark } from '#lib/status.ts';

const SETTLE = 500; // milliseconds in which many messages make one look

export interface Test {
  asking: boolean;
  at: number;
  answer: SendAnswer | null;
}

/** How Forge is asked; handed in for tests. */
export interface Source {
  list(): Promise<Notification[]>;
  test(name: string): Promise<SendAnswer>;
}

const fromForge: Source = {
  list: () => ok(api.GET('/api/notifications')),
  test: (name) => ok(api.POST('/api/notifications/{name}/test', { params: { path: { name } } })),
};

export type State = 'off' | 'sent' | 'trying' | 'failed' | 'none' | 'quiet';
const MARKS: Record<State, Mark> = {
  off: 'stopped',
  sent: 'running',
  trying: 'degraded',
  failed: 'failed',
  none: 'unknown',
  quiet: 'stopped',
};

export class Notifications {
  readonly all: Resource<Notification[]>;
  readonly tests = new SvelteMap<string, Test>();
  readonly #source: Source;
  #due: ReturnType<typeof setTimeout> | undefined;

  constructor(source: Source = fromForge) {
    this.#source = source;
    this.all = new Resource(() => source.list());
  }

  /** Follow the stream until the returned function is called; `heard` is called when something was sent or changed. */
  follow(live: Live, heard: (name: string | null) => void = () => {}): () => void {
    const leave = live.subscribe({
      topic: 'state',
      onGap: () => void this.all.load(),
      onFrame: (frame) => {
        const name = named(frame);
        if (name === undefined) return;
        heard(name);
        this.#soon();
      },
    });
    return () => {
      leave();
      clearTimeout(this.#due);
      this.#due = undefined;
    };
  }

  #soon(): void {
    this.#due ??= setTimeout(() => {
      this.#due = undefined;
      void this.all.load();
    }, SETTLE);
  }

  /** Send a test. What cannot be asked counts as not arrived. */
  async test(name: string): Promise<void> {
    const before = this.tests.get(name)?.answer ?? null;
    this.tests.set(name, { asking: true, at: Date.now() / 1000, answer: before });
    let answer: SendAnswer;
    try {
      answer = await this.#source.test(name);
    } catch (error) {
      answer = { ok: false, text: asProblem(error).message, code: null, milliseconds: 0 };
    }
    this.tests.set(name, { asking: false, at: Date.now() / 1000, answer });
  }
}

/** Whom a frame is about: one of them, null: any, undefined: none. */
function named({ type, payload }: Frame): string | null | undefined {
  if (type === 'notification') return payload.name as string;
  const changed = type === 'settings_changed' && payload.names.includes('notifications');
  const gone = type === 'project_changed' && payload.change === 'deleted';
  return changed || gone ? null : undefined;
}

/** How it stands with one of them, read off the last message that was tried. */
export function stateOf(one: Notification): State {
  if (!one.active) return 'off';
  if (one.kind === 'nobody') return 'quiet';
  if (!one.last) return 'none';
  if (one.last.status === 'sent') return 'sent';
  return one.last.status === 'waiting' ? 'trying' : 'failed';
}

export const markOf = (one: Notification): Mark => MARKS[stateOf(one)];

/** Those that need a look first, then the wide before the narrow. */
export function sorted(all: Notification[]): Notification[] {
  const rank = (one: Notification) => ['failed', 'trying'].indexOf(stateOf(one));
  const place = (one: Notification) => `${one.project ?? ''}/${one.stage ?? ''}/${one.name}`;
  const needs = (one: Notification) => (rank(one) < 0 ? 2 : rank(one));
  return [...all].sort((one, other) => needs(one) - needs(other) || place(one).localeCompare(place(other)));
}

export const notifications = new Notifications();
