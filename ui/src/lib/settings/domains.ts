/** What a domain pattern makes of a stage: as forge.domain.names.domain_name does it, for showing while it is typed. */

const PLACEHOLDER = /\{([^{}]*)\}/g;
const LABEL = 63;

export interface Place {
  stage: string;
  project: string;
  domain: string;
  /** Only where each tag has a domain of its own. */
  tag?: string;
}

function dnsLabel(text: string): string {
  const safe = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return safe.slice(0, LABEL).replace(/-+$/, '') || 'x';
}

/** The domain; null if the pattern has a placeholder that nobody knows. */
export function domainOf(pattern: string, place: Place): string | null {
  let whole = pattern;
  if (place.tag !== undefined && !pattern.includes('{tag}')) {
    const at = pattern.indexOf('.');
    const first = at < 0 ? pattern : pattern.slice(0, at);
    whole = first.includes('{domain}')
      ? `{tag}.${pattern}`
      : `${first}-{tag}${at < 0 ? '' : pattern.slice(at)}`;
  }
  const values: Record<string, string> = {
    ...place,
    tag: place.tag === undefined ? '' : dnsLabel(place.tag),
  };
  let known = true;
  const filled = whole.replace(PLACEHOLDER, (_, name: string) => {
    if (!(name in values)) known = false;
    return values[name] ?? '';
  });
  if (!known) return null;
  return filled
    .toLowerCase()
    .split('.')
    .map((label) => label.slice(0, LABEL).replace(/^-+|-+$/g, ''))
    .join('.');
}
