/** What can be told of a name before Forge is asked. */

/** The registry that an image comes from, read as Docker reads it. */
export function hostOf(image: string): string {
  const first = image.trim().split('/')[0] ?? '';
  const named = image.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  return named ? first : 'docker.io';
}

/** Whether it can name a project or a stage. */
export const isName = (text: string) => /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(text);

/** Whether it can name a variable of the environment. */
export const isVariable = (text: string) => /^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/.test(text);

export const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;

/** Tag or digest of an image reference; null without one. */
export function wanted(image: string): { tag: string | null; digest: string | null } {
  const [name, digest = null] = image.trim().split('@') as [string, string?];
  const tag = /:([^/:]+)$/.exec(name)?.[1] ?? null;
  return digest ? { tag: null, digest } : { tag, digest: null };
}
