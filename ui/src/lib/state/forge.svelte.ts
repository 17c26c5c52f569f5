/** The running Forge as this page sees it: who is signed in, the live stream, the board, and what is used. */
import { api, asProblem, ok, whenSignedOut, type Problem } from '#lib/api/client.ts';
import type { Who } from '#lib/api/types.ts';
import { Live } from '#lib/live/live.svelte.ts';
import { Board } from './board.svelte.ts';
import { earlySession } from './early.ts';
import { Metrics } from './metrics.svelte.ts';

export type Role = 'viewer' | 'deployer' | 'admin';
const ROLES: Role[] = ['viewer', 'deployer', 'admin'];

/** Whoever signs in or out does so in all tabs. */
const tabs = new BroadcastChannel('forge-session');

class Session {
  who = $state.raw<Who | null>(null);
  /** `unknown` until Forge has answered; `lost`: somebody was signed in until now. */
  state = $state<'unknown' | 'in' | 'out' | 'lost'>('unknown');
  problem = $state.raw<Problem | null>(null);

  /** Whether whoever is signed in has this role, or one above. */
  may(role: Role): boolean {
    return this.who !== null && ROLES.indexOf(this.who.role as Role) >= ROLES.indexOf(role);
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
    const body = ticket ? { token: null, ticket } : { token: pasted.trim(), ticket: null };
    this.#enter(await ok(api.POST('/api/session', { body })));
    tabs.postMessage('changed');
  }

  async leave(): Promise<void> {
    await ok(api.DELETE('/api/session'));
    this.who = null;
    this.state = 'out';
    live.stop();
    tabs.postMessage('changed');
  }

  /** An answer said that nobody is signed in. */
  lost(): void {
    if (this.state === 'in') live.stop();
    this.state = this.state === 'in' || this.state === 'lost' ? 'lost' : 'out';
    this.who = null;
  }

  #enter(who: Who): void {
    this.who = who;
    this.state = 'in';
    this.problem = null;
    live.start();
  }
}

export const session = new Session();
export const live = new Live({ url: '/api/events', onFail: () => void session.check() });
export const board = new Board();
export const metrics = new Metrics();
whenSignedOut(() => session.lost());
tabs.onmessage = () => void session.check();
