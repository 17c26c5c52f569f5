/** A project's settings as a form, and back: all of them, because what is sent replaces what was. */
import type { Project } from '#lib/api/types.ts';
import type { components } from '#lib/api/schema.d.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { parseSize, parseSpan, writeSize, writeSpan } from './units.ts';
import { joined, wordsOf } from './words.ts';
import { sentVariables, variablesOf, withoutSecrets, type Faults, type Variable } from './variables.ts';

export type ChangedProject = components['schemas']['ChangedProject'];
type Volume = components['schemas']['Volume'];
type HealthKind = components['schemas']['HealthKind'];

export interface VolumeRow {
  kind: Volume['kind'];
  path: string;
  source: string;
  read_only: boolean;
  exclusive: boolean;
  size: string;
}

export interface Label {
  name: string;
  value: string;
}

/** What is optional is empty, numbers are as they were typed. */
export interface ProjectForm {
  image: string;
  port: string;
  /** Empty: found by the image's host. */
  registry: string;
  engine: string;
  proxy: string;
  /** What is asked of the proxy; empty: nothing is said of it. */
  route: Record<string, string>;
  domain: string;
  health: { kind: HealthKind; path: string; timeout: string };
  variables: Variable[];
  volumes: VolumeRow[];
  limits: { memory: string; cpus: string; pids: string };
  capabilities: string;
  aliases: string;
  networks: string;
  preDeploy: { command: string; timeout: string };
  labels: Label[];
}

const said = <T>(value: T | null | undefined, write: (value: T) => string = String): string =>
  value === null || value === undefined ? '' : write(value);

export function projectForm(project: Project): ProjectForm {
  const { health, limits } = project;
  return {
    image: project.image,
    port: String(project.port),
    registry: project.registry ?? '',
    engine: project.engine,
    proxy: project.proxy,
    route: { ...project.route },
    domain: project.domain ?? '',
    health: {
      kind: health?.kind ?? 'auto',
      path: health?.path ?? '',
      timeout: said(health?.timeout, writeSpan),
    },
    variables: variablesOf(project.environment, project.secrets),
    volumes: project.volumes.map((volume) => ({
      kind: volume.kind,
      path: volume.path,
      source: volume.source ?? '',
      read_only: volume.read_only,
      exclusive: volume.exclusive,
      size: said(volume.size, writeSize),
    })),
    limits: {
      memory: said(limits?.memory, writeSize),
      cpus: said(limits?.cpus),
      pids: said(limits?.pids),
    },
    capabilities: project.capabilities.join(' '),
    aliases: project.aliases.join(' '),
    networks: project.networks.join(' '),
    preDeploy: { command: joined(project.pre_deploy), timeout: writeSpan(project.pre_deploy_timeout) },
    labels: Object.entries(project.labels).map(([name, value]) => ({ name, value })),
  };
}

/** What is sent to change `project` to what the form says, and what in the form cannot be sent. */
export function sentProject(form: ProjectForm, project: Project): { body: ChangedProject; faults: Faults } {
  const { name: _name, active: _active, stages: _stages, ...rest } = project;
  const unknown: SentBack<typeof rest, ChangedProject> = rest;
  const { environment, secrets, faults } = sentVariables(form.variables, project.secrets);
  const read = reader(faults);
  const body: ChangedProject = {
    ...unknown,
    image: form.image.trim(),
    port: read('port', form.port, Number, t.settingup.notNumber) ?? 0,
    registry: form.registry || null,
    engine: form.engine,
    proxy: form.proxy,
    route: Object.fromEntries(
      Object.entries(form.route)
        .map(([name, value]): [string, string] => [name, value.trim()])
        .filter(([, value]) => value),
    ),
    domain: form.domain.trim() || null,
    health: {
      kind: form.health.kind,
      path: takesPath(form.health.kind) ? form.health.path.trim() || null : null,
      timeout: read('health.timeout', form.health.timeout, parseSpan, t.settingup.notSpan),
    },
    environment,
    secrets,
    volumes: form.volumes.filter(isVolume).map((row) => ({
      kind: row.kind,
      path: row.path.trim(),
      source: takesSource(row.kind) ? row.source.trim() : null,
      read_only: row.read_only,
      exclusive: row.exclusive,
      size: row.kind === 'tmpfs' ? read('volumes', row.size, parseSize, t.settingup.notSize) : null,
    })),
    limits: {
      memory: read('limits.memory', form.limits.memory, parseSize, t.settingup.notSize),
      cpus: read('limits.cpus', form.limits.cpus, Number, t.settingup.notNumber),
      pids: read('limits.pids', form.limits.pids, Number, t.settingup.notNumber),
    },
    capabilities: form.capabilities.split(/[\s,]+/).filter(Boolean),
    aliases: form.aliases.split(/[\s,]+/).filter(Boolean),
    networks: form.networks.split(/[\s,]+/).filter(Boolean),
    pre_deploy: command(form.preDeploy.command, faults),
    pre_deploy_timeout:
      read('pre_deploy_timeout', form.preDeploy.timeout, parseSpan, t.settingup.notSpan) ??
      project.pre_deploy_timeout,
    labels: Object.fromEntries(
      form.labels.filter((one) => one.name.trim()).map((one) => [one.name.trim(), one.value]),
    ),
  };
  return { body, faults };
}

/** What the form does not know stays as it is. Does not compile once Forge shows what it does not take back. */
export type SentBack<View, Body> = Exclude<keyof View, keyof Body> extends never ? View : never;

export const takesPath = (kind: HealthKind): boolean => kind === 'auto' || kind === 'http';
export const takesSource = (kind: Volume['kind']): boolean => ['named', 'host', 'external'].includes(kind);

function command(typed: string, faults: Faults): string[] {
  const words = wordsOf(typed);
  if (!words) faults.pre_deploy = t.settingup.quoteOpen;
  return words ?? [];
}

/** A row of which nothing was said counts for nothing. */
const isVolume = (row: VolumeRow): boolean => row.path.trim() !== '' || row.source.trim() !== '';

/** Reads an optional figure; one that cannot be read is noted among `faults`. */
export function reader(faults: Faults) {
  return (field: string, text: string, parse: (text: string) => number, fault: string): number | null => {
    if (!text.trim()) return null;
    const value = parse(text.trim());
    if (Number.isFinite(value)) return value;
    faults[field] = fault;
    return null;
  };
}

export const keptProject = (form: ProjectForm): ProjectForm => ({
  ...form,
  variables: withoutSecrets(form.variables),
});
