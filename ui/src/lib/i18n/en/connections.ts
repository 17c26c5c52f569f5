/** Registries, proxies and engines. */
export const connections = {};
