/** Making a proxy that was found the one of new projects. */
import { api, ok, Problem } from '#lib/api/client.ts';
import type { Found, NewProxy } from '#lib/api/types.ts';

/** Tell Forge of it, and make it the default; its name. Raises Problem, and keeps nothing, if it does not work. */
export async function useProxy(proxy: Found['proxies'][number]): Promise<string> {
  const taken = new Set((await ok(api.GET('/api/proxies'))).map((one) => one.name));
  const names = [proxy.kind, ...Array.from({ length: 98 }, (_, n) => `${proxy.kind}-${n + 2}`)];
  const name = names.find((one) => !taken.has(one))!;
  const body = { name, kind: proxy.kind, url: proxy.url, address: proxy.address } as NewProxy;
  await ok(api.POST('/api/proxies', { body }));
  const params = { path: { name } };
  const report = await ok(api.POST('/api/proxies/{name}/test', { params, body: { image: null } }));
  if (!report.ok) {
    await ok(api.DELETE('/api/proxies/{name}', { params }));
    throw new Problem(502, 'proxy_error', report.text);
  }
  const settings = await ok(api.GET('/api/settings'));
  await ok(api.PUT('/api/settings', { body: { ...settings, default_proxy: name } }));
  return name;
}
