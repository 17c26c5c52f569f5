/** Environment variables as rows of a form: plain ones, and secrets, whose values only ever go in. */
import { t } from '#lib/i18n/words.svelte.ts';

export interface Variable {
  name: string;
  value: string;
  secret: boolean;
  /** Forge keeps a value of this secret; an empty `value` leaves it as it is. */
  kept: boolean;
}

export type Faults = Record<string, string>;

export interface SentVariables {
  environment: Record<string, string>;
  /** A secret that is left out stays as it is, null takes it away. */
  secrets: Record<string, string | null>;
  faults: Faults;
}

export function variablesOf(environment: Record<string, string>, secrets: string[]): Variable[] {
  return [
    ...Object.entries(environment).map(([name, value]) => ({ name, value, secret: false, kept: false })),
    ...secrets.map((name) => ({ name, value: '', secret: true, kept: true })),
  ];
}

export const isEmpty = (one: Variable): boolean => !one.name.trim() && !one.value;

/** What is sent of the rows; `before` are the secrets that Forge keeps now. Empty rows count for nothing. */
export function sentVariables(rows: Variable[], before: string[]): SentVariables {
  const sent: SentVariables = { environment: {}, secrets: {}, faults: {} };
  const seen = new Set<string>();
  for (const row of rows.filter((one) => !isEmpty(one))) {
    const name = row.name.trim();
    if (!name) sent.faults.variables = t.settingup.variableNoName;
    else if (seen.has(name)) sent.faults.variables = t.settingup.variableTwice(name);
    seen.add(name);
    if (!row.secret) sent.environment[name] = row.value;
    else if (row.value) sent.secrets[name] = row.value;
    else if (!row.kept) sent.faults.variables = t.settingup.secretNoValue(name);
  }
  const secrets = new Set(rows.filter((one) => one.secret).map((one) => one.name.trim()));
  for (const name of before) if (!secrets.has(name)) sent.secrets[name] = null;
  return sent;
}

/** The rows as a browser may keep them: no secret's value. */
export function withoutSecrets(rows: Variable[]): Variable[] {
  return rows.map((one) => (one.secret ? { ...one, value: '' } : one));
}

/** Lines `NAME=value` as an `.env` file has them; null if this is something else. */
export function parseEnvFile(text: string): Variable[] | null {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'));
  const found = lines.map((line) => /^(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*)$/.exec(line));
  if (!lines.length || found.some((one) => one === null)) return null;
  return found.map((one) => ({ name: one![1]!, value: unquoted(one![2]!), secret: false, kept: false }));
}

function unquoted(text: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(text);
  return quoted ? quoted[2]! : text;
}
