/** What the pages say, in the language of whoever looks. `t.board.title` follows a change of language. */
import { arrives } from '#lib/arrives.ts';
import { en, type Words } from './en.ts';
import { kept, keep } from '#lib/state/storage.ts';

export type Language = 'en' | 'ru';
export const LANGUAGES: Record<Language, string> = { en: 'English', ru: 'Русский' };

// English is at hand at once; another language is fetched when it is wanted.
const LOADERS: Record<Exclude<Language, 'en'>, () => Promise<Words>> = {
  ru: () => import('./ru.ts').then((module) => module.ru),
};

class Spoken {
  language = $state<Language>('en');
  words = $state.raw<Words>(en);

  /** Speak as was chosen before, else as the browser does. */
  async start(): Promise<void> {
    const chosen = kept('forge.language') ?? navigator.language.slice(0, 2);
    if (chosen in LANGUAGES && chosen !== this.language) await this.#speak(chosen as Language);
  }

  async choose(language: Language): Promise<void> {
    keep('forge.language', language);
    await this.#speak(language);
  }

  async #speak(language: Language): Promise<void> {
    this.words = language === 'en' ? en : await arrives(LOADERS[language]);
    this.language = language;
    document.documentElement.lang = language;
  }
}

export const spoken = new Spoken();

/** The words; read in markup or $derived they follow the language. */
export const t: Words = new Proxy({} as Words, {
  get: (_, section: string) => spoken.words[section as keyof Words],
});
