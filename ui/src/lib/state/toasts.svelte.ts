/** Short messages that go by themselves. */
export interface Toast {
  id: number;
  kind: 'done' | 'failed' | 'said';
  text: string;
  action?: { label: string; run: () => void };
}

const STAYS = { done: 5000, said: 6000, failed: 12_000 }; // milliseconds
const MOST = 4;

class Toasts {
  all = $state.raw<Toast[]>([]);
  /** How many dialogs are open: messages are shown in the topmost, what is under it cannot be reached. */
  layers = $state(0);
  #next = 1;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(kind: Toast['kind'], text: string, action?: Toast['action']): void {
    const said = this.all.find((toast) => toast.kind === kind && toast.text === text);
    if (said) this.dismiss(said.id); // once is enough
    const id = this.#next++;
    this.all = [...this.all.slice(1 - MOST), { id, kind, text, action }];
    this.release(id, kind);
  }

  /** It stays while somebody reads it. */
  hold(id: number): void {
    clearTimeout(this.#timers.get(id));
  }

  release(id: number, kind: Toast['kind']): void {
    this.#timers.set(
      id,
      setTimeout(() => this.dismiss(id), STAYS[kind]),
    );
  }

  dismiss(id: number): void {
    this.hold(id);
    this.#timers.delete(id);
    this.all = this.all.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
