/** Registries, proxies and engines: what is known of each, whether it answers, and who uses it. */
import { SvelteMap } from 'svelte/reactivity';
import { api, asProblem, ok } from '#lib/api/client.ts';
import type { Engine, Part, PollState, Proxy, Registry, TestAnswer } from '#lib/api/types.ts';
import type { Frame, Live } from '#lib/live/live.svelte.ts';
import type { Board } from '#lib/state/board.svelte.ts';
import { session } from '#lib/state/forge.svelte.ts';
import { Resource } from '#lib/state/resource.svelte.ts';
import { WORST_FIRST, type Mark } from '#lib/status.ts';
import { KINDS, NOUNS, type Noun } from './nouns.ts';

export interface Known {
  registries: Registry;
  proxies: Proxy;
  engines: Engine;
}
export type Connection = Registry | Proxy | Engine;

export interface Test {
  asking: boolean;
  at: number;
  answer: TestAnswer | null;
}

const AGAIN = 20_000; // milliseconds after which rounds of polling and quotas are looked at again

/** How Forge is asked; handed in for tests. */
export interface Source {
  registries(): Promise<Registry[]>;
  proxies(): Promise<Proxy[]>;
  engines(): Promise<Engine[]>;
  parts(): Promise<Part[]>;
  polling(): Promise<PollState[]>;
  defaultProxy(): Promise<string>;
  test(noun: Noun, name: string, image: string | null): Promise<TestAnswer>;
}

const params = (name: string, image: string | null) => ({ params: { path: { name } }, body: { image } });

const fromForge: Source = {
  registries: () => ok(api.GET('/api/registries')),
  proxies: () => ok(api.GET('/api/proxies')),
  engines: () => ok(api.GET('/api/engines')),
  parts: async () => (await ok(api.GET('/api/health'))).parts,
  polling: async () => (session.seesAll ? ok(api.GET('/api/polling')) : []),
  defaultProxy: async () => (await ok(api.GET('/api/settings'))).default_proxy,
  test: (noun, name, image) => ok(api.POST(`/api/${noun}/{name}/test`, params(name, image))),
};

export class Connections {
  readonly registries: Resource<Registry[]>;
  readonly proxies: Resource<Proxy[]>;
  readonly engines: Resource<Engine[]>;
  readonly parts: Resource<Part[]>;
  readonly polling: Resource<PollState[]>;
  readonly defaultProxy: Resource<string>;
  /** By `registry ghcr`. */
  readonly tests = new SvelteMap<string, Test>();
  readonly #source: Source;

  constructor(source: Source = fromForge) {
    this.#source = source;
    this.registries = new Resource(source.registries);
    this.proxies = new Resource(source.proxies);
    this.engines = new Resource(source.engines);
    this.parts = new Resource(source.parts);
    this.polling = new Resource(source.polling);
    this.defaultProxy = new Resource(source.defaultProxy);
  }

  /** Follow the stream, and what has no events of its own, until the returned function is called. */
  follow(live: Live): () => void {
    const leave = live.subscribe({
      topic: 'state',
      onGap: () => void this.load(),
      onFrame: (frame) => this.hear(frame),
    });
    const timer = setInterval(() => {
      if (!document.hidden) void Promise.all([this.registries.load(), this.polling.load()]);
    }, AGAIN);
    return () => {
      leave();
      clearInterval(timer);
    };
  }

  async load(): Promise<void> {
    await Promise.all([
      this.registries.load(),
      this.proxies.load(),
      this.engines.load(),
      this.parts.load(),
      this.polling.load(),
      this.defaultProxy.load(),
    ]);
  }

  hear({ type, payload }: Frame): void {
    if (type === 'settings_changed') void this.defaultProxy.load();
    if (type !== 'connection_changed') return;
    const { kind, name, change } = payload;
    const told = this.tests.get(`${kind} ${name}`)?.answer;
    const holds = (change === 'down' && told && !told.ok) || (change === 'back' && told?.ok);
    if (!holds) this.tests.delete(`${kind} ${name}`);
    const noun = NOUNS.find((one) => KINDS[one] === kind);
    if (noun && change !== 'down' && change !== 'back') void this[noun].load();
    void this.parts.load();
    if (kind === 'registry') void this.polling.load();
  }

  /** Ask one whether it answers; a registry also for an image. What cannot be asked counts as a fault. */
  async test(noun: Noun, name: string, image: string | null = null): Promise<TestAnswer | null> {
    const key = `${KINDS[noun]} ${name}`;
    this.tests.set(key, { asking: true, at: Date.now() / 1000, answer: this.tests.get(key)?.answer ?? null });
    let answer: TestAnswer;
    try {
      answer = await this.#source.test(noun, name, image);
    } catch (error) {
      const { message: text, code: fault } = asProblem(error);
      answer = { ok: false, text, fault, version: '', quota: null, engine: null, listen: '' };
    }
    this.tests.set(key, { asking: false, at: Date.now() / 1000, answer });
    if (noun === 'registries') void this.registries.load(); // its quota is known now
    return answer;
  }

  // ---- reading

  /** What Forge found by itself. */
  part(noun: Noun, name: string): Part | undefined {
    return this.parts.value?.find((part) => part.kind === KINDS[noun] && part.name === name);
  }

  testOf(noun: Noun, name: string): Test | undefined {
    return this.tests.get(`${KINDS[noun]} ${name}`);
  }

  markOf(noun: Noun, connection: Connection): Mark {
    const { answer } = this.testOf(noun, connection.name) ?? {};
    if (answer) return answer.ok ? 'running' : answer.fault === 'repository' ? 'degraded' : 'failed';
    const part = this.part(noun, connection.name);
    if (part) return part.ok ? 'running' : 'failed';
    return 'kind' in connection && connection.kind === 'published' ? 'running' : 'unknown';
  }

  /** Those that need a look first. */
  sorted<N extends Noun>(noun: N): Known[N][] {
    const rank = (one: Connection) => WORST_FIRST.indexOf(this.markOf(noun, one));
    const all = [...((this[noun].value ?? []) as Known[N][])];
    return all.sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
  }

  failing(noun: Noun): number {
    const found = this[noun].value ?? [];
    return found.filter((one) => this.markOf(noun, one) === 'failed').length;
  }

  pollOf(registry: Registry): PollState | undefined {
    return this.polling.value?.find((one) => one.registry === registry.name);
  }
}

/** host[:port], as it stands in image names. */
export const hostOf = (url: string): string => url.replace(/^[a-z]+:\/\//, '').replace(/\/+$/, '');

/** The registry that an image's name leads to. */
export function registryOf(image: string): string {
  const [first = '', ...rest] = image.split('/');
  return rest.length && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io';
}

/**
 * The projects that use a connection. `named`: they say so, and it cannot be removed while they do. `byHost`: their
 * images come from there, and without the connection Forge asks without a login.
 */
export function usersOf(
  noun: Noun,
  connection: Connection,
  board: Board,
): { named: string[]; byHost: string[] } {
  const projects = [...board.projects.values()].sort((one, other) => one.name.localeCompare(other.name));
  const named = projects.filter((project) => project[KINDS[noun]] === connection.name);
  const byHost = projects.filter((project) => {
    if (noun !== 'registries' || project.registry !== null) return false;
    const [registry, host] = [connection as Registry, registryOf(project.image)];
    return hostOf(registry.url) === host || (registry.flavour === 'docker_hub' && host === 'docker.io');
  });
  return { named: named.map((one) => one.name), byHost: byHost.map((one) => one.name) };
}

export const connections = new Connections();
