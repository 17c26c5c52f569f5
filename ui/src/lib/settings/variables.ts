/** The environment variables that a configuration takes its secrets from: `{env: NAME}`. */
export function variablesOf(yaml: string): string[] {
  const found = yaml.matchAll(/(?:^|[{\s])env:\s*["']?([A-Za-z_][A-Za-z0-9_]*)/gm);
  return [...new Set([...found].map((one) => one[1]!))].sort();
}
