/** What happened to people, sessions and tokens, as a line for an admin. */
import { t } from '#lib/i18n/words.svelte.ts';
import type { Told } from './tell.ts';

const TO_PEOPLE = { path: '/settings/people' };
const TO_TOKENS = { path: '/settings/tokens' };

interface PersonChange {
  name: string;
  change: string;
  role?: string;
}

export const ABOUT_PEOPLE: Record<string, (payload: any, actor: string) => Told> = {
  person_changed: (changed: PersonChange, actor) => ({
    mark: null,
    text: changeOf(changed, actor),
    opens: changed.change === 'removed' ? undefined : TO_PEOPLE,
  }),
  signed_in: ({ name, address }: { name: string; address: string }) => ({
    mark: null,
    text: t.people.told.signedIn(name, address),
  }),
  sign_in_failed: ({ name, address }: { name: string | null; address: string }) => ({
    mark: 'failed',
    text: name === null ? t.people.told.failedNobody(address) : t.people.told.failed(name, address),
  }),
  session_ended: ({ name, many }: { name: string; many?: number }) => ({
    mark: null,
    text: t.people.told.sessions(name, many ?? 1),
  }),
  oidc_changed: ({ issuer }: { issuer: string | null }) => ({
    mark: null,
    text: issuer === null ? t.people.told.providerRemoved : t.people.told.provider(issuer),
    opens: { path: '/settings/oidc' },
  }),
  token_changed: (told: { name: string; change: string; project: string | null; stage: string | null }) => ({
    mark: null,
    text:
      told.change === 'made'
        ? t.people.told.tokenMade(told.name, scopeOf(told))
        : t.people.told.tokenEnded(told.name),
    opens: TO_TOKENS,
  }),
};

function changeOf({ name, change, role }: PersonChange, actor: string): string {
  const { told } = t.people;
  const inRole = t.people.roles[role ?? ''] ?? role ?? '';
  const lines: Record<string, () => string> = {
    made: () => told.made(name, inRole),
    changed: () => told.changed(name, inRole),
    removed: () => told.removed(name),
    password: () => told.password(name, actor === name),
    totp_on: () => told.totpOn(name),
    totp_off: () => told.totpOff(name),
    recovery_code_used: () => told.recovery(name),
  };
  return (lines[change] ?? (() => told.other(name)))();
}

function scopeOf({ project, stage }: { project: string | null; stage: string | null }): string {
  if (project === null) return t.people.told.everything;
  return stage === null ? project : `${project}/${stage}`;
}
