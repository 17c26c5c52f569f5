/**
 * The tabs of one browser: a Web Lock makes one of them the leader, a BroadcastChannel carries what they tell each
 * other. Without Web Locks (plain http on another machine) each tab leads itself.
 */
import type { Connection, Frame, Places, Want } from './frame.ts';

export type Message =
  | { kind: 'frame'; frame: Frame }
  | { kind: 'status'; connection: Connection; changed: number; retryAt: number; at: Places }
  | { kind: 'want'; tab: string; wants: Want[]; visible: boolean }
  | { kind: 'who' }
  | { kind: 'retry' }
  | { kind: 'bye'; tab: string };

export interface TabsOptions {
  name?: string;
  locks?: LockManager | null;
  channel?: BroadcastChannel | null;
}

export class Tabs {
  readonly id = Math.random().toString(36).slice(2, 10);
  readonly #options: TabsOptions;
  #channel: BroadcastChannel | null = null;
  #release: (() => void) | null = null;
  #abort = new AbortController();

  constructor(options: TabsOptions) {
    this.#options = options;
  }

  /** Hear the others, and `lead` when it is this tab's turn; true if that is at once, for want of others. */
  join(hear: (message: Message) => void, lead: () => void): boolean {
    const { name = 'forge-live', channel, locks = globalThis.navigator?.locks ?? null } = this.#options;
    this.#abort = new AbortController();
    this.#channel = channel === undefined ? new BroadcastChannel(name) : channel;
    this.#channel?.addEventListener('message', (event) => hear(event.data as Message));
    if (!locks || !this.#channel) {
      lead();
      return true;
    }
    const held = () =>
      new Promise<void>((done) => {
        this.#release = done; // the browser frees the lock when the tab goes, even by a crash
        lead();
      });
    locks.request(name, { signal: this.#abort.signal }, held).catch(() => {
      // aborted by leave()
    });
    return false;
  }

  leave(): void {
    this.#abort.abort();
    this.#release?.();
    this.#release = null;
    this.#channel?.close();
  }

  post(message: Message): void {
    try {
      this.#channel?.postMessage(message);
    } catch {
      // closed already: nobody listens
    }
  }
}
