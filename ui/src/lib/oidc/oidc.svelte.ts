/** The provider as Forge has it, kept live, and what was typed over it and not saved yet. */
import { api, asProblem, faultsOf, ok, type Problem } from '#lib/api/client.ts';
import type { components } from '#lib/api/schema.d.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import type { Live } from '#lib/live/live.svelte.ts';
import { keepDraft, readDraft, same, without } from '#lib/state/drafts.ts';
import { Resource } from '#lib/state/resource.svelte.ts';
import { KEEP, type SecretWish } from '#lib/ui/SecretField.svelte';
import { bodyOf, draftOf, type ChangedOidc, type Draft } from './draft.ts';

export type SetUp = components['schemas']['OidcSetUp'];
export type Trial = components['schemas']['OidcTrial'];
const DRAFT = 'forge.oidc.draft';

/** How Forge is asked; handed in for tests. */
export interface Source {
  get(): Promise<SetUp>;
  put(body: ChangedOidc): Promise<SetUp>;
}

const fromForge: Source = {
  get: () => ok(api.GET('/api/oidc')),
  put: (body) => ok(api.PUT('/api/oidc', { body })),
};

export class OidcSettings {
  readonly saved: Resource<SetUp>;
  faults = $state.raw<Record<string, string>>({});
  problem = $state.raw<Problem | null>(null);
  saving = $state(false);
  #secret = $state.raw<SecretWish>(KEEP);
  #draft = $state.raw<Partial<Draft>>(readDraft(DRAFT));
  readonly #source: Source;

  constructor(source: Source = fromForge) {
    this.#source = source;
    this.saved = new Resource(() => source.get());
  }

  /** Keep it at the present until the returned function is called. */
  follow(live: Live): () => void {
    void this.saved.load();
    return live.subscribe({
      topic: 'people',
      onGap: () => void this.saved.load(),
      onFrame: ({ type }) => {
        if (type === 'oidc_changed') void this.saved.load();
      },
    });
  }

  /** As typed, else as Forge has it. */
  value<F extends keyof Draft>(field: F): Draft[F] {
    return (this.#draft[field] ?? this.#known[field]) as Draft[F];
  }

  type<F extends keyof Draft>(field: F, value: Draft[F]): void {
    const draft = { ...this.#draft, [field]: value };
    if (same(value, this.#known[field])) delete draft[field];
    this.#keep(draft);
    this.#right(field);
  }

  /** It stays while the page is open: a secret is written into no browser. */
  get secret(): SecretWish {
    return this.#secret;
  }

  set secret(wish: SecretWish) {
    this.#secret = wish;
    this.#right('secret');
  }

  get isTyped(): boolean {
    const fields = Object.keys(this.#draft) as (keyof Draft)[];
    return this.secret.change !== 'keep' || fields.some((one) => !same(this.#draft[one], this.#known[one]));
  }

  discard(): void {
    this.#keep({});
    this.#secret = KEEP;
    this.faults = {};
    this.problem = null;
  }

  /** Whether Forge took it. What was not typed stays as somebody else may have changed it meanwhile. */
  async save(): Promise<boolean> {
    this.saving = true;
    try {
      const now = draftOf((await this.#source.get()).oidc, t.oidc.labelStart);
      const body = bodyOf({ ...now, ...this.#draft }, this.#secret);
      if (Number.isNaN(body.session_lasts)) {
        this.faults = { session_lasts: t.oidc.lastsWrong };
        return false;
      }
      this.saved.value = await this.#source.put(body);
      this.discard();
      return true;
    } catch (error) {
      this.problem = asProblem(error);
      this.faults = faultsOf(this.problem);
      return false;
    } finally {
      this.saving = false;
    }
  }

  get #known(): Draft {
    return draftOf(this.saved.value?.oidc ?? null, t.oidc.labelStart);
  }

  #right(field: string): void {
    this.faults = without(this.faults, [field]);
    this.problem = null;
  }

  #keep(draft: Partial<Draft>): void {
    this.#draft = draft;
    keepDraft(DRAFT, draft);
  }
}

export const oidc = new OidcSettings();
