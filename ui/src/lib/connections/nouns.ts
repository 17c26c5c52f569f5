/** The kinds of connection, as they are called in addresses. */
export type Noun = 'registries' | 'proxies' | 'engines';
export const NOUNS: Noun[] = ['registries', 'proxies', 'engines'];

/** As Forge calls them in events and in its health. */
export const KINDS = { registries: 'registry', proxies: 'proxy', engines: 'engine' } as const;
