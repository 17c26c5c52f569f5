/** The running Forge as this page sees it: who is signed in, the live stream, the board, and what is used. */
import { api, asProblem, ok, whenSignedOut, type Problem } from '#lib/api/client.ts';
import type { Who } from '#lib/api/types.ts';
import { Live } from '#lib/live/live.svelte.ts';
import { Board } from './board.svelte.ts';
import { dialogs } from './dialogs.svelte.ts';
import { earlySession } from './early.ts';
import { Metrics } from './metrics.svelte.ts';

export type Role = 'viewer' | 'deployer' | 'admin';
export const ROLES: Role[] = ['viewer', 'deployer', 'admin'];

/** Whoever signs in or out does so in all tabs. */
const tabs = new BroadcastChannel('forge-session');

class Session {
  who = $state.raw<Who | null>(null);
  /** `unknown` until Forge has answered; `lost`: somebody was signed in until now. */
  state = $state<'unknown' | 'in' | 'out' | 'lost'>('unknown');
  problem = $state.raw<Problem | null>(null);
  /** Nobody is signed in because they signed out here. */
  left = false;

  /** Whether whoever is signed in has this role, or one above; in `project`, if one is named. */
  may(role: Role, project?: string): boolean {
    const { who } = this;
    if (!who || ROLES.indexOf(who.role as Role) < ROLES.indexOf(role)) return false;
    return project === undefined || who.projects === null || who.projects.includes(project);
  }

  /** Some things are about all projects: who sees some of them only is not asked to look. */
  get seesAll(): boolean {
    return this.who?.projects === null;
  }

  /** Changes with who is signed in, and with what they may: what was asked for before is asked for anew. */
  get rights(): string {
    const { who } = this;
    return who ? JSON.stringify([who.name, who.person, who.role, who.projects]) : '';
  }

  /** Ask Forge who is signed in; begins or ends the live stream accordingly. */
  async check(): Promise<void> {
    try {
      this.#enter(await ok(api.GET('/api/session', { fetch: earlySession })));
    } catch (error) {
      const problem = asProblem(error);
      if (problem.status !== 401 && this.state === 'unknown') this.problem = problem;
    }
  }

  /** Raises Problem if what was pasted is not (any longer) valid. */
  async enter(pasted: string): Promise<void> {
    const ticket = /[?&]ticket=([^&\s]+)/.exec(pasted)?.[1];
    const body = {
      ...{ name: null, password: null, code: null },
      ...(ticket ? { token: null, ticket } : { token: pasted.trim(), ticket: null }),
    };
    this.#enter(await ok(api.POST('/api/session', { body })));
    tabs.postMessage('changed');
  }

  async leave(): Promise<void> {
    await ok(api.DELETE('/api/session'));
    this.who = null;
    this.left = true;
    this.state = 'out';
    live.stop();
    tabs.postMessage('changed');
  }

  /** An answer said that nobody is signed in. */
  lost(): void {
    const wasIn = this.state === 'in';
    this.state = wasIn || this.state === 'lost' ? 'lost' : 'out';
    this.who = null;
    if (!wasIn) return;
    live.stop();
    dialogs.close(); // what they ask about is shown to nobody
    tabs.postMessage('changed');
  }

  #enter(who: Who): void {
    const before = this.rights;
    this.who = who;
    if (before && before !== this.rights) {
      void board.load();
      tabs.postMessage('changed');
    }
    this.state = 'in';
    this.problem = null;
    this.left = false;
    live.start();
  }
}

export const session = new Session();
export const live = new Live({ url: '/api/events', onFail: () => void session.check() });
export const board = new Board();
export const metrics = new Metrics();
whenSignedOut(() => session.lost());
tabs.onmessage = () => void session.check();
