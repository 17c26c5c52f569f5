/** Who may: people, where they are signed in, the tokens of their programs, and one's own account; kept live. */
import { api, ok } from '#lib/api/client.ts';
import type { Me, Person, SessionView, Token, Who } from '#lib/api/types.ts';
import type { Live } from '#lib/live/live.svelte.ts';
import { Resource } from '#lib/state/resource.svelte.ts';

const EVERY = 30_000; // milliseconds between two looks of those who are not told what is about people
const SOON = 150; // milliseconds in which several news become one question

/** How it is asked; handed in for tests. */
export interface PeopleSource {
  people(): Promise<Person[]>;
  me(): Promise<Me>;
  sessions(): Promise<SessionView[]>;
  tokens(): Promise<Token[]>;
}

const fromForge: PeopleSource = {
  people: () => ok(api.GET('/api/people')),
  me: () => ok(api.GET('/api/me')),
  sessions: () => ok(api.GET('/api/sessions')),
  tokens: () => ok(api.GET('/api/tokens')),
};

export type Part = keyof PeopleSource;
const PARTS: Part[] = ['people', 'me', 'sessions', 'tokens'];

export class People {
  readonly people: Resource<Person[]>;
  readonly me: Resource<Me>;
  readonly sessions: Resource<SessionView[]>;
  readonly tokens: Resource<Token[]>;
  #reader: string | null = null;

  constructor(source: PeopleSource = fromForge) {
    this.people = new Resource(() => source.people());
    this.me = new Resource(() => source.me());
    this.sessions = new Resource(() => source.sessions());
    this.tokens = new Resource(() => source.tokens());
  }

  async load(...parts: Part[]): Promise<void> {
    await Promise.all(parts.map((part) => this[part].load()));
  }

  /** Keep `parts` at the present for `who` until the returned function is called. Admins hear what is about people. */
  follow(live: Live, who: Who | null, ...parts: Part[]): () => void {
    const look = () => void this.load(...parts);
    this.#begin(who);
    look();
    if (who?.role !== 'admin') {
      const clock = setInterval(() => document.visibilityState !== 'hidden' && look(), EVERY);
      return () => clearInterval(clock);
    }
    let soon: ReturnType<typeof setTimeout> | undefined;
    const leave = live.subscribe({
      topic: 'people',
      onGap: look,
      onFrame: () => {
        clearTimeout(soon);
        soon = setTimeout(look, SOON);
      },
    });
    return () => {
      clearTimeout(soon);
      leave();
    };
  }

  /** What somebody else was shown in this window is nobody's business now. */
  #begin(who: Who | null): void {
    const reader = who && `${who.person} ${who.name} ${who.role}`;
    if (reader !== this.#reader) for (const part of PARTS) this[part].value = null;
    this.#reader = reader;
  }
}

export const people = new People();

/** Where `me` is signed in: the browser that asks first. */
export function own(sessions: SessionView[], me: { name: string; person: boolean }): SessionView[] {
  const mine = sessions.filter((one) => one.name === me.name && one.person === me.person);
  return mine.sort((one, other) => Number(other.current) - Number(one.current) || other.seen - one.seen);
}
