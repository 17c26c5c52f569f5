/** Tokens of programs: how they stand, until when they may, and ready texts for those that use them. */
import type { Token } from '#lib/api/types.ts';

export type Standing = 'stands' | 'expired' | 'ended';

export function standing(token: Token, now: number): Standing {
  if (token.ended !== null) return 'ended';
  return token.expires !== null && token.expires <= now ? 'expired' : 'stands';
}

/** What opens something first; the newest first of each. */
export function sorted(tokens: Token[], now: number): { standing: Token[]; over: Token[] } {
  const newest = [...tokens].sort((one, other) => other.made - one.made);
  return {
    standing: newest.filter((one) => standing(one, now) === 'stands'),
    over: newest.filter((one) => standing(one, now) !== 'stands'),
  };
}

export const SPANS = ['30', '90', '365', 'never'] as const; // days
export type Span = (typeof SPANS)[number];

/** The moment `span` from `now`, in unix seconds; null: it does not end by itself. */
export const ends = (span: Span, now: number): number | null =>
  span === 'never' ? null : Math.round(now) + Number(span) * 86400;

export const USERS = ['github', 'gitea', 'gitlab', 'curl'] as const;
export type User = (typeof USERS)[number];

interface Scope {
  role: string;
  project: string | null;
  stage: string | null;
}

/** Lines to copy: deploy the tag that was built; for who may only look, list what there is. `forge`: its address. */
export function snippetOf(user: User, forge: string, { role, project, stage }: Scope): string {
  const looks = role === 'viewer';
  const path = looks
    ? project
      ? `/api/projects/${project}`
      : '/api/projects'
    : `/api/projects/${project ?? 'PROJECT'}/stages/${stage ?? 'STAGE'}/deploys`;
  const ask = (tag: string, indent = '') => curl(forge + path, looks ? null : tag, indent);
  if (user === 'curl') return ask('TAG');
  if (user === 'gitlab')
    return [
      '# .gitlab-ci.yml; FORGE_TOKEN is a masked variable that holds the token',
      'deploy:',
      '  stage: deploy',
      '  image: docker.io/curlimages/curl',
      '  rules:',
      '    - if: $CI_COMMIT_TAG',
      '  script:',
      '    - |',
      ask('$CI_COMMIT_TAG', '      '),
    ].join('\n');
  return [
    user === 'github'
      ? '# a step after the push; FORGE_TOKEN is a secret of the repository that holds the token'
      : '# a step after the push, in .gitea/workflows; FORGE_TOKEN is a secret that holds the token',
    '- name: Deploy',
    '  env:',
    '    FORGE_TOKEN: ${{ secrets.FORGE_TOKEN }}',
    ...(looks ? [] : ['    TAG: ${{ github.ref_name }}']),
    '  run: |',
    ask('$TAG', '    '),
  ].join('\n');
}

function curl(address: string, tag: string | null, indent: string): string {
  const body = [`  -H 'Content-Type: application/json'`, `  -d "{\\"tag\\": \\"${tag}\\"}"`];
  const lines = [
    `curl --fail --silent --show-error${tag === null ? '' : ' -X POST'}`,
    `  ${address}`,
    `  -H "Authorization: Bearer $FORGE_TOKEN"`,
    ...(tag === null ? [] : body),
  ];
  return lines.map((line) => indent + line).join(' \\\n');
}
