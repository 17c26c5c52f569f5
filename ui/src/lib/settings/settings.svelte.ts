/** The settings as Forge has them, and what was typed over them and not saved yet. */
import { api, asProblem, faultsOf, ok, type Problem } from '#lib/api/client.ts';
import type { Settings } from '#lib/api/types.ts';
import type { Live } from '#lib/live/live.svelte.ts';
import { keepDraft, readDraft, same, without } from '#lib/state/drafts.ts';
import { Resource } from '#lib/state/resource.svelte.ts';

const DRAFT = 'forge.settings.draft';

/** How Forge is asked; handed in for tests. */
export interface Source {
  get(): Promise<Settings>;
  put(settings: Settings): Promise<Settings>;
}

const fromForge: Source = {
  get: () => ok(api.GET('/api/settings')),
  put: (body) => ok(api.PUT('/api/settings', { body })),
};

export type Field = keyof Settings;

export class SettingsForm {
  readonly saved: Resource<Settings>;
  /** What is wrong, by field; as Forge said when it refused. */
  faults = $state.raw<Record<string, string>>({});
  problem = $state.raw<Problem | null>(null);
  saving = $state(false);
  #draft = $state.raw<Partial<Settings>>(readDraft(DRAFT));
  readonly #source: Source;

  constructor(source: Source = fromForge) {
    this.#source = source;
    this.saved = new Resource(() => source.get());
  }

  follow(live: Live): () => void {
    return live.subscribe({
      topic: 'state',
      onGap: () => void this.saved.load(),
      onFrame: ({ type }) => {
        if (type === 'settings_changed') void this.saved.load();
      },
    });
  }

  /** As typed, else as Forge has it. Only to be asked once `saved` is there. */
  value<F extends Field>(field: F): Settings[F] {
    return (this.#draft[field] ?? this.saved.value![field]) as Settings[F];
  }

  type<F extends Field>(field: F, value: Settings[F]): void {
    const draft = { ...this.#draft, [field]: value };
    if (same(value, this.saved.value?.[field])) delete draft[field];
    this.#keep(draft);
    this.faults = without(this.faults, [field]);
    this.problem = null;
  }

  /** Whether one of these was typed over. */
  isTyped(fields: Field[]): boolean {
    return fields.some(
      (field) => field in this.#draft && !same(this.#draft[field], this.saved.value?.[field]),
    );
  }

  discard(fields: Field[]): void {
    this.#keep(without(this.#draft, fields));
    this.faults = without(this.faults, fields);
    this.problem = null;
  }

  /** Save these and nothing else that was typed; whether Forge took it. */
  async save(fields: Field[]): Promise<boolean> {
    this.saving = true;
    try {
      const now = await this.#source.get(); // somebody else may have changed the other sections meanwhile
      const typed = fields
        .filter((field) => field in this.#draft)
        .map((field) => [field, this.#draft[field]]);
      this.saved.value = await this.#source.put({ ...now, ...Object.fromEntries(typed) });
      this.discard(fields);
      return true;
    } catch (error) {
      this.problem = asProblem(error);
      this.faults = faultsOf(this.problem);
      return false;
    } finally {
      this.saving = false;
    }
  }

  #keep(draft: Partial<Settings>): void {
    this.#draft = draft;
    keepDraft(DRAFT, draft);
  }
}

export const settings = new SettingsForm();
