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
      if (secret) return { path, from: '', to: to ? words.secret : words.nothing };
      return { path, from: was.get(path) ?? words.nothing, to: to ?? words.nothing };
    });
}

function leaves(value: unknown, path = ''): [string, string][] {
  if (Array.isArray(value)) return items(value, path);
  if (value === null || value === undefined) return path.startsWith('secrets.') ? [[path, '']] : [];
  if (typeof value !== 'object') return [[path, String(value)]];
  return Object.entries(value).flatMap(([name, one]) => leaves(one, path ? `${path}.${name}` : name));
}

/** A list of words is one line, of things one each, by what tells them apart. */
function items(list: unknown[], path: string): [string, string][] {
  if (!list.some((one) => typeof one === 'object')) return list.length ? [[path, list.join(' ')]] : [];
  return (list as Record<string, unknown>[]).map((one, index) => {
    const { path: place, ...rest } = one;
    const told = Object.entries(rest).filter(([, part]) => part !== null && part !== false && part !== '');
    const said = told.map(([name, part]) => (part === true ? name : String(part))).join(' ');
    return [`${path} ${place || index + 1}`, said];
  });
}
