/** What a form would change, as lines: the name of a setting as Forge's files have it, what it was, what it will be. */
export interface Line {
  path: string;
  from: string;
  to: string;
}

/** `secrets` in `after` are told by name only; null there: taken away. */
export function changesOf(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  words: { nothing: string; secret: string },
): Line[] {
  const was = new Map(leaves(before));
  const is = new Map(leaves(after));
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((path) => was.get(path) !== is.get(path))
    .map((path) => {
      const secret = path.startsWith('secrets.');
      const to = is.get(path);
      if (secret) return { path, from: '', to: to === undefined ? words.nothing : words.secret };
      return { path, from: was.get(path) ?? words.nothing, to: to ?? words.nothing };
    });
}

function leaves(value: unknown, path = ''): [string, string][] {
  if (Array.isArray(value)) return [[path, value.length ? value.map(said).join(', ') : '']].filter(hasText);
  if (value === null || value === undefined) return path.startsWith('secrets.') ? [[path, '']] : [];
  if (typeof value !== 'object') return [[path, String(value)]];
  return Object.entries(value).flatMap(([name, one]) => leaves(one, path ? `${path}.${name}` : name));
}

const hasText = (leaf: string[]): leaf is [string, string] => leaf[1] !== '';

function said(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const told = Object.entries(value).filter(([, one]) => one !== null && one !== false);
  return told.map(([name, one]) => `${name} ${one}`).join(' ');
}
