/** The form of the provider: what Forge has as it is typed, and what was typed as Forge takes it. */
import type { components } from '#lib/api/schema.d.ts';
import { parseSpan, writeSpan } from '#lib/project/setup/units.ts';
import type { SecretWish } from '#lib/ui/SecretField.svelte';

export type OidcView = components['schemas']['OidcView'];
export type ChangedOidc = components['schemas']['ChangedOidc'];

export interface GroupDraft {
  group: string;
  role: string;
  /** Names with commas; empty: all. */
  projects: string;
}

export interface Draft {
  issuer: string;
  client_id: string;
  label: string;
  scopes: string;
  name_claim: string;
  groups_claim: string;
  groups: GroupDraft[];
  others: string;
  /** A span of time: 1 d, 8 h. */
  session_lasts: string;
  ca: string;
}

const START: Draft = {
  issuer: '',
  client_id: '',
  label: '',
  scopes: 'openid profile email',
  name_claim: 'preferred_username',
  groups_claim: 'groups',
  groups: [],
  others: '',
  session_lasts: '1 d',
  ca: '',
};

export const emptyGroup = (): GroupDraft => ({ group: '', role: 'viewer', projects: '' });

export function draftOf(known: OidcView | null, label: string): Draft {
  if (!known) return { ...START, label, groups: [{ ...emptyGroup(), role: 'admin' }] };
  return {
    issuer: known.issuer,
    client_id: known.client_id,
    label: known.label ?? label,
    scopes: (known.scopes ?? []).join(' '),
    name_claim: known.name_claim ?? '',
    groups_claim: known.groups_claim ?? '',
    groups: (known.groups ?? []).map(({ group, role, projects }) => ({
      group,
      role,
      projects: projects?.join(', ') ?? '',
    })),
    others: known.others ?? '',
    session_lasts: writeSpan(known.session_lasts ?? 86400),
    ca: known.ca ?? '',
  };
}

export function bodyOf(draft: Draft, secret: SecretWish): ChangedOidc {
  const change = secret.change === 'keep' ? {} : { secret: secret.value || null };
  return {
    ...draft,
    issuer: draft.issuer.trim(),
    client_id: draft.client_id.trim(),
    scopes: words(draft.scopes),
    name_claim: draft.name_claim.trim(),
    groups_claim: draft.groups_claim.trim(),
    groups: draft.groups
      .filter(({ group }) => group.trim())
      .map(({ group, role, projects }) => ({
        group: group.trim(),
        role,
        projects: role !== 'admin' && projects.trim() ? words(projects) : null,
      })),
    session_lasts: parseSpan(draft.session_lasts),
    ca: draft.ca.trim() ? draft.ca : null,
    ...change,
  };
}

const words = (text: string) => text.split(/[\s,]+/).filter(Boolean);
