/** What each kind of proxy is told, in the order of its form, as Forge has them (forge/domain/proxykinds.py). */
export const OPTIONS = [
  'server',
  'directory',
  'entrypoints',
  'tls_address',
  'reach',
  'email',
  'dns_provider',
  'dns_credentials',
] as const;
export type Option = (typeof OPTIONS)[number];

export interface KindForm {
  /** What its fields begin with. */
  url: string;
  address: string;
  /** A user name and a password. */
  login: boolean;
  options: Option[];
}

const PEOPLE = 'http://127.0.0.1:80';

export const KINDS: Record<string, KindForm> = {
  npm: {
    url: 'http://127.0.0.1:81',
    address: PEOPLE,
    login: true,
    options: ['reach', 'tls_address', 'dns_provider', 'dns_credentials', 'email'],
  },
  caddy: { url: 'http://127.0.0.1:2019', address: PEOPLE, login: false, options: ['server', 'reach'] },
  traefik: {
    url: 'http://127.0.0.1:8080',
    address: PEOPLE,
    login: false,
    options: ['directory', 'entrypoints', 'reach', 'tls_address'],
  },
  published: { url: '', address: '', login: false, options: [] },
};

/** What a project may ask of its route: a flag is true or false, `values` are one of several, else it is any text. */
export interface RouteOption {
  name: string;
  values?: string[];
  text?: boolean;
}

const flags = (...names: string[]): RouteOption[] =>
  names.map((name) => ({ name, values: ['true', 'false'] }));

export const ROUTE_OPTIONS: Record<string, RouteOption[]> = {
  npm: [
    { name: 'certificate', values: ['auto', 'http', 'dns', 'none'] },
    ...flags('https', 'http2', 'hsts', 'hsts_subdomains', 'websockets', 'block_exploits', 'caching', 'adopt'),
  ],
  traefik: [...flags('https', 'hsts', 'hsts_subdomains'), { name: 'certificate_resolver', text: true }],
};

/** The fields of a kind, but for those that a person has changed from what another kind begins with. */
export function started<F extends { url: string; address: string }>(fields: F, kind: string): F {
  const begun = Object.values(KINDS).flatMap((one) => [one.url, one.address]);
  const at = KINDS[kind]!;
  const keep = (typed: string, fresh: string) => (typed && !begun.includes(typed) ? typed : fresh);
  return { ...fields, url: keep(fields.url, at.url), address: keep(fields.address, at.address) };
}

/** What is sent of a proxy's form: only what its kind has; `known` options that the form does not speak of stay. */
export function sentProxy(
  fields: { kind: string; url: string; address: string; username: string } & Record<Option, string>,
  known: Record<string, string>,
) {
  const at = KINDS[fields.kind] ?? KINDS.published!;
  const kept = Object.entries(known).filter(([name]) => !OPTIONS.includes(name as Option));
  const said = at.options.map((name) => [name, fields[name].trim()]).filter(([, value]) => value);
  return {
    kind: fields.kind,
    url: (at.url && fields.url.trim()) || null,
    address: (at.address && fields.address.trim()) || null,
    username: (at.login && fields.username.trim()) || null,
    options: Object.fromEntries([...kept, ...said]) as Record<string, string>,
  };
}
