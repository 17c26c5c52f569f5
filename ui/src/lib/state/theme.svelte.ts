/** Light, dark, or as the system has it; static/theme.js sets it before the first paint. */
import { keep, kept } from './storage.ts';

export type Theme = 'system' | 'light' | 'dark';

class Appearance {
  theme = $state<Theme>((kept('forge.theme') as Theme | null) ?? 'system');
  #system = globalThis.matchMedia?.('(prefers-color-scheme: dark)');
  #systemDark = $state(this.#system?.matches ?? true);

  constructor() {
    this.#system?.addEventListener('change', (event) => {
      this.#systemDark = event.matches;
      this.#apply();
    });
  }

  get dark(): boolean {
    return this.theme === 'dark' || (this.theme === 'system' && this.#systemDark);
  }

  choose(theme: Theme): void {
    this.theme = theme;
    keep('forge.theme', theme);
    this.#apply();
  }

  toggle(): void {
    this.choose(this.dark ? 'light' : 'dark');
  }

  #apply(): void {
    document.documentElement.dataset.theme = this.dark ? 'dark' : 'light';
  }
}

export const appearance = new Appearance();
