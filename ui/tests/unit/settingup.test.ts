import { describe, expect, it } from 'vitest';
import { spoken } from '#lib/i18n/words.svelte.ts';
import { holds } from '#lib/state/promotion.svelte.ts';
import { reasonOf } from '#lib/project/reason.ts';
import { changesOf } from '#lib/project/setup/changes.ts';
import { projectForm, sentProject } from '#lib/project/setup/projectform.ts';
import { NEW_STAGE, sentStage, stageForm } from '#lib/project/setup/stageform.ts';
import { doubtOf } from '#lib/project/setup/starts.ts';
import { parseSize, parseSpan, writeSize, writeSpan } from '#lib/project/setup/units.ts';
import { parseEnvFile, sentVariables, variablesOf, withoutSecrets } from '#lib/project/setup/variables.ts';
import type { Project, Stage } from '#lib/api/types.ts';
import { aProject, aStage } from './made.ts';

const FULL = aProject({
  registry: 'main',
  domain: 'example.org',
  health: { kind: 'http', path: '/up', timeout: 90 },
  environment: { LEVEL: 'info', LINES: 'a\nb', EMPTY: '' },
  secrets: ['KEY'],
  volumes: [
    { kind: 'named', path: '/data', source: 'data', read_only: false, exclusive: true, size: null },
    { kind: 'tmpfs', path: '/tmp', source: null, read_only: false, exclusive: false, size: 67108864 },
  ],
  limits: { memory: 536870912, cpus: 0.5, pids: 100 },
  capabilities: ['CHOWN', 'SETUID'],
  aliases: ['api', 'web'],
  route: { https: 'true', adopt: 'false' },
  labels: { 'com.example.team': 'shop' },
});

const STAGE = aStage({
  pattern: 'semver:^1.2',
  auto_deploy: false,
  promote_from: 'rel',
  promote_after: 1800,
  environment: { A: '1' },
  secrets: ['KEY'],
  domain: '{tag}.{domain}',
  update: { mode: 'window', window: 'mon-fri 02:00-05:00', minimum_age: 5400 },
  publish: 8080,
  keep: 9,
  bake: 60,
  tolerance: { share: 12.5, least: 7 },
  drain: 2.5,
  stop_timeout: 30,
});

describe('sizes and spans', () => {
  it.each([
    ['512 MiB', 512 * 1024 ** 2],
    ['1.5GiB', 1.5 * 1024 ** 3],
    ['64m', 64 * 1024 ** 2],
    ['2 GB', 2e9],
    ['6291456', 6291456],
  ])('reads %s', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each([
    ['90', 90],
    ['2.5 s', 2.5],
    ['5m', 300],
    ['1h30m', 5400],
    ['1 h 30 min', 5400],
    ['2d', 172800],
  ])('reads %s', (text, seconds) => expect(parseSpan(text)).toBe(seconds));

  it.each(['', 'much', '5 x', '-1', 'm', '1..2 GiB'])('does not read “%s”', (text) => {
    expect([parseSize(text), parseSpan(text)]).toEqual([NaN, NaN]);
  });

  it.each([0, 1, 0.5, 59, 60, 90, 3600, 5400, 86400, 90061])(
    'writes %s s so that it reads back',
    (seconds) => {
      expect(parseSpan(writeSpan(seconds))).toBe(seconds);
    },
  );

  it.each([1, 1000, 1024, 1536, 67108864, 6291457])('writes %s bytes so that it reads back', (bytes) => {
    expect(parseSize(writeSize(bytes))).toBe(bytes);
  });
});

describe('variables', () => {
  it('leave a kept secret alone, replace one with a new value, and take away one that is gone', () => {
    const rows = variablesOf({}, ['KEPT', 'NEW', 'GONE']).filter((row) => row.name !== 'GONE');
    rows[1]!.value = 's3cret';
    expect(sentVariables(rows, ['KEPT', 'NEW', 'GONE']).secrets).toEqual({ NEW: 's3cret', GONE: null });
  });

  it('turn from secret to plain and back', () => {
    const rows = [
      { name: 'A', value: '1', secret: false, kept: false },
      { name: 'B', value: '2', secret: true, kept: false },
    ];
    expect(sentVariables(rows, ['A'])).toEqual({
      environment: { A: '1' },
      secrets: { A: null, B: '2' },
      faults: {},
    });
  });

  it('want a name each, once, and a value for a new secret', () => {
    const row = { name: 'A', value: '', secret: false, kept: false };
    const faults = (...rows: Partial<typeof row>[]) =>
      sentVariables(
        rows.map((one) => ({ ...row, ...one })),
        [],
      ).faults;
    expect(faults({ name: '' })).toEqual({});
    expect(faults({ name: ' ', value: 'x' }).variables).toMatch(/name/);
    expect(faults({}, {}).variables).toMatch(/^A is there twice/);
    expect(faults({ secret: true }).variables).toMatch(/secret A/);
  });

  it('are read off an .env file, and off nothing else', () => {
    const found = parseEnvFile('# all\nexport A=1\n\nB="two words"\nC=\'x=y\'\n');
    expect(found?.map((row) => [row.name, row.value])).toEqual([
      ['A', '1'],
      ['B', 'two words'],
      ['C', 'x=y'],
    ]);
    for (const text of ['', 'NAME', 'a sentence = no name', '# only a remark'])
      expect(parseEnvFile(text)).toBeNull();
  });

  it('are kept by the browser without the values of secrets', () => {
    const rows = [
      ...variablesOf({ A: '1' }, ['KEY']),
      { name: 'B', value: 's3cret', secret: true, kept: false },
    ];
    expect(JSON.stringify(withoutSecrets(rows))).not.toContain('s3cret');
    expect(withoutSecrets(rows)[0]!.value).toBe('1');
  });
});

describe('a project as a form', () => {
  it('is sent as it was if nothing is changed', () => {
    const { body, faults } = sentProject(projectForm(FULL), FULL);
    const { name: _n, active: _a, stages: _s, ...rest } = FULL;
    expect(body).toEqual({ ...rest, secrets: {} });
    expect(faults).toEqual({});
  });

  it('says nothing of what is no longer asked of the proxy', () => {
    const form = projectForm(FULL);
    form.route = { https: '', certificate_resolver: ' le ' };
    expect(sentProject(form, FULL).body.route).toEqual({ certificate_resolver: 'le' });
    expect(FULL.route).toEqual({ https: 'true', adopt: 'false' });
  });

  it('loses nothing that it does not show', () => {
    const later = { ...FULL, later: { deep: [1] } } as Project;
    expect(sentProject(projectForm(later), later).body).toMatchObject({ later: { deep: [1] } });
  });

  it('sends what was changed, as the types have it', () => {
    const form = projectForm(FULL);
    form.port = ' 9090 ';
    form.registry = '';
    form.health.timeout = '';
    form.limits = { memory: '1 GiB', cpus: '2', pids: '' };
    form.aliases = 'one, two  three';
    form.labels.push({ name: '', value: 'ignored' });
    form.volumes.push({ kind: 'named', path: '', source: '', read_only: false, exclusive: false, size: '' });
    expect(sentProject(form, FULL).body).toMatchObject({
      port: 9090,
      registry: null,
      health: { kind: 'http', path: '/up', timeout: null },
      limits: { memory: 1 << 30, cpus: 2, pids: null },
      aliases: ['one', 'two', 'three'],
      labels: { 'com.example.team': 'shop' },
      volumes: FULL.volumes,
    });
  });

  it('sends only what goes with the kind of check and of volume', () => {
    const form = projectForm(FULL);
    form.health.kind = 'tcp';
    form.volumes[0]!.kind = 'tmpfs';
    form.volumes[1]!.kind = 'instance';
    const { body } = sentProject(form, FULL);
    expect(body.health).toMatchObject({ kind: 'tcp', path: null });
    expect(body.volumes.map((one) => [one.source, one.size])).toEqual([
      [null, null],
      [null, null],
    ]);
  });

  it('says which figures cannot be read', () => {
    const form = projectForm(FULL);
    form.port = 'http';
    form.health.timeout = 'long';
    form.limits.memory = 'much';
    expect(Object.keys(sentProject(form, FULL).faults).sort()).toEqual([
      'health.timeout',
      'limits.memory',
      'port',
    ]);
  });
});

describe('a stage as a form', () => {
  it('is sent as it was if nothing is changed', () => {
    const { body, faults } = sentStage(stageForm(STAGE), STAGE);
    const { pattern, auto_deploy, max_instances, replicas, promote_from, promote_after } = STAGE;
    const { environment, domain, update } = STAGE;
    const { publish, keep, bake, tolerance, drain, stop_timeout } = STAGE;
    expect(body).toEqual({
      ...{
        pattern,
        auto_deploy,
        max_instances,
        replicas,
        promote_from,
        promote_after,
        environment,
        domain,
        update,
      },
      ...{ publish, keep, bake, tolerance, drain, stop_timeout, secrets: {} },
    });
    expect(faults).toEqual({});
  });

  it('loses nothing that it does not show', () => {
    const later = { ...STAGE, later: true } as Stage;
    expect(sentStage(stageForm(later), later).body).toMatchObject({ later: true });
  });

  it('keeps a colon in the pattern, and a pattern without a kind is a glob', () => {
    expect(stageForm(aStage({ pattern: 'regex:a:b' }))).toMatchObject({ kind: 'regex', pattern: 'a:b' });
    expect(stageForm(aStage({ pattern: 'dev-*' }))).toMatchObject({ kind: 'glob', pattern: 'dev-*' });
  });

  it('sends a window only with its mode', () => {
    const form = { ...stageForm(STAGE), mode: 'ask' as const };
    expect(sentStage(form, STAGE).body.update).toEqual({ mode: 'ask', window: null, minimum_age: 5400 });
  });

  it('is as Forge makes one when it is new, and wants a name and a pattern', () => {
    expect(Object.keys(sentStage(NEW_STAGE, null).faults)).toEqual(['name', 'pattern']);
    const { body, faults } = sentStage({ ...NEW_STAGE, name: 'qa', pattern: 'qa-*' }, null);
    expect(faults).toEqual({});
    expect(body).toEqual({
      ...{
        pattern: 'glob:qa-*',
        auto_deploy: true,
        max_instances: 1,
        replicas: 1,
        promote_from: null,
        promote_after: 0,
        environment: {},
      },
      ...{ secrets: {}, domain: null, update: { mode: 'auto', window: null, minimum_age: 0 }, publish: null },
      ...{ keep: 5, bake: null, tolerance: { share: 5, least: 3 }, drain: 2, stop_timeout: 10 },
    });
  });
});

describe('the reason of a strategy', () => {
  it.each([
    ['two instances cannot both publish port 8080', 'порт 8080'],
    ['the volume at /data is exclusive', 'том /data'],
    ['something that this page does not know', 'something that'],
  ])('is told in the language of whoever looks: %s', async (strategy_reason, told) => {
    expect(reasonOf({ strategy: 'in_place', strategy_reason })).toBe(strategy_reason);
    await spoken.choose('ru');
    expect(reasonOf({ strategy: 'in_place', strategy_reason })).toContain(told);
    await spoken.choose('en');
  });
});

describe('changes', () => {
  const words = { nothing: 'nothing', secret: 'a new value' };
  const lines = (before: object, after: object) =>
    changesOf(before as Record<string, unknown>, after as Record<string, unknown>, words).map(
      ({ path, from, to }) => `${path}: ${from} → ${to}`,
    );

  it('are told by the names that Forge’s files have', () => {
    expect(
      lines(
        { port: 1, health: { kind: 'auto', path: null } },
        { port: 2, health: { kind: 'auto', path: '/up' } },
      ),
    ).toEqual(['port: 1 → 2', 'health.path: nothing → /up']);
    expect(lines({ port: 1 }, { port: 1 })).toEqual([]);
  });

  it('tell volumes apart by their path', () => {
    const data = { kind: 'named', path: '/data', source: 'data', exclusive: false, size: null };
    expect(
      lines(
        { volumes: [data] },
        {
          volumes: [
            { ...data, exclusive: true },
            { kind: 'tmpfs', path: '/t' },
          ],
        },
      ),
    ).toEqual(['volumes /data: named data → named data exclusive', 'volumes /t: nothing → tmpfs']);
  });

  it('never tell a secret', () => {
    const told = lines({ secrets: {} }, { secrets: { KEY: 's3cret', OLD: null } });
    expect(told).toEqual(['secrets.KEY:  → a new value', 'secrets.OLD:  → nothing']);
  });
});

describe('a promotion', () => {
  it.each([
    ['may go on', { obstacle: '', at: null }, null],
    ['waits for its time', { obstacle: 'for 30 min', at: 1001 }, 'time'],
    ['whose time has come meanwhile may go on', { obstacle: 'for 30 min', at: 1000 }, null],
    ['of what is not well does not', { obstacle: 'it is unhealthy', at: null }, 'fault'],
  ])('%s', (_, next, why) => expect(holds(next, 1000)).toBe(why));

  it('demands time only of a stage that is promoted', () => {
    const form = { ...stageForm(STAGE), promote_from: '' };
    expect(sentStage(form, STAGE).body).toMatchObject({ promote_from: null, promote_after: 0 });
  });
});

describe('how long starts take', () => {
  const starts = { count: 12, typical: 14, slowest: 20 };
  it.each([
    ['leaves a typical one no time', 10, 'typical'],
    ['is what the slowest almost took', 24, 'slowest'],
    ['leaves time enough', 25, null],
    ['is not set', NaN, null],
  ])('a limit that %s', (_, limit, doubt) => expect(doubtOf(starts, limit)).toBe(doubt));
  it('of which nothing is known says nothing', () => expect(doubtOf({ ...starts, count: 0 }, 1)).toBeNull());
});
