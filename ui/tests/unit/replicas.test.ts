import { describe, expect, it } from 'vitest';
import { measure } from '#lib/deploy/measure.ts';
import { cards } from '#lib/board/cards.ts';
import { partAt, readStep, rowsOf, sayStep, secondsOf, stateOf } from '#lib/deploy/steps.ts';
import { Board } from '#lib/state/board.svelte.ts';
import { markOfSeveral, PIPELINES, pipelineOf } from '#lib/status.ts';
import { aDeploy, anInstance, aProject, aStage, aStep } from './made.ts';

const three = (changes: Record<number, Parameters<typeof anInstance>[0]> = {}) =>
  [3, 1, 2].map((replica) => anInstance({ id: `id${replica}`, replica, ...changes[replica] }));

const journal = (...names: [string, 'done' | 'running' | 'failed' | 'undone'][]) =>
  new Map(
    names.map(([name, status], position) => [
      position,
      aStep({
        position,
        name,
        status,
        started: 10 * position,
        ended: status === 'running' ? null : 10 * position + 4,
      }),
    ]),
  );

describe('the steps of several replicas', () => {
  it('come one replica after the other, the pre-deploy command once', () => {
    expect(pipelineOf('side_by_side', 2)).toEqual([
      ...PIPELINES.side_by_side.slice(0, 4),
      ...['create 1 of 2', 'pre-deploy', 'start 1 of 2', 'wait until healthy 1 of 2', 'switch route 1 of 2'],
      ...['confirm through the route 1 of 2', 'create 2 of 2', 'start 2 of 2', 'wait until healthy 2 of 2'],
      ...[
        'switch route 2 of 2',
        'confirm through the route 2 of 2',
        'bake',
        'drain and stop the old',
        'go live',
      ],
    ]);
    expect(pipelineOf('side_by_side')).toBe(PIPELINES.side_by_side);
    expect(pipelineOf('in_place', 3)).toBe(PIPELINES.in_place);
  });

  it('are said with their number', () => {
    expect(readStep('create 2 of 3')).toEqual({ step: 'create', number: 2, of: 3 });
    expect(readStep('drain and stop the old')).toBeNull();
    expect(sayStep('create 2 of 3')).toBe('create 2 of 3');
  });

  it('are one row for each replica', () => {
    const rows = rowsOf(pipelineOf('side_by_side', 3), new Map());
    expect(rows).toHaveLength(4 + 3 + 1 + 3);
    expect(rows.map((row) => row.replica?.number).filter(Boolean)).toEqual([1, 2, 3]);
    expect(rows.find((row) => row.replica)?.parts).toHaveLength(5);
    expect(rowsOf(PIPELINES.side_by_side, new Map()).every((row) => row.parts.length === 1)).toBe(true);
  });

  it('have the state of their row: the worst, and under way between two of its steps', () => {
    const names = ['create 1 of 2', 'start 1 of 2', 'create 2 of 2', 'start 2 of 2'];
    const [one, two] = rowsOf(
      names,
      journal(['create 1 of 2', 'done'], ['start 1 of 2', 'done'], ['create 2 of 2', 'done']),
    );
    expect([stateOf(one!), stateOf(two!), secondsOf(one!, 99)]).toEqual(['done', 'running', 8]);
    const [failed] = rowsOf(names, journal(['create 1 of 2', 'undone'], ['start 1 of 2', 'failed']));
    expect([stateOf(failed!), partAt(failed!)?.name, secondsOf(failed!, 99)]).toEqual([
      'failed',
      'start 1 of 2',
      null,
    ]);
    const [begun, waits] = rowsOf(names, journal(['create 1 of 2', 'running']));
    expect([stateOf(begun!), secondsOf(begun!, 7), stateOf(waits!)]).toEqual(['running', 7, 'todo']);
  });
});

describe('the switch of several replicas', () => {
  const names = pipelineOf('side_by_side', 2);
  const steps = journal(...names.map((name): [string, 'done'] => [name, 'done']));
  const deploy = { ...aDeploy({ replaces: 'old', measured: null }), replicas: 2 };

  it('begins with the first and ends with the last', () => {
    const at = (name: string) => 10 * names.indexOf(name);
    const found = measure(deploy, steps.values())!;
    expect(found.old[0]).toMatchObject({ from: at('start 1 of 2'), to: at('switch route 2 of 2') + 4 });
    expect(found.fresh.at(-1)).toMatchObject({ from: at('switch route 1 of 2') + 4, state: 'serves' });
  });

  it('is not shown before the last one was seen', () => {
    const position = names.indexOf('confirm through the route 2 of 2');
    expect(measure(deploy, [...steps.values()].slice(0, position))).toBeNull();
  });
});

describe('several replicas on the board', () => {
  it('are one card, in their order', () => {
    const [card, ...more] = cards(three(), []);
    expect(more).toEqual([]);
    expect(card!.instance?.id).toBe('id1');
    expect(card!.replicas.map((one) => one.id)).toEqual(['id1', 'id2', 'id3']);
    expect(cards([anInstance()], [])[0]!.replicas).toEqual([]);
  });

  it('are weakened by one that ended, and failed once none is left', () => {
    const ended = { status: 'stopped', wanted: true } as const;
    expect(cards(three({ 2: ended }), [])[0]!.mark).toBe('degraded');
    expect(markOfSeveral(three({ 1: ended, 2: ended, 3: ended }))).toBe('failed');
    expect(markOfSeveral(three({ 2: { status: 'stopped', wanted: false } }))).toBe('running');
  });

  it('are not mixed with those that are to replace them', () => {
    const coming = three().map((one) => ({
      ...one,
      id: `new${one.id}`,
      deploy: 2,
      serving: false,
      status: 'starting' as const,
    }));
    const [card, ...more] = cards(
      [...coming, ...three()],
      [aDeploy({ id: 2, status: 'running', instance: 'newid1' })],
    );
    expect([card!.mark, card!.replicas.map((one) => one.deploy), more]).toEqual(['deploying', [1, 1, 1], []]);
  });

  it('make their stage weak, not failed, while others serve', async () => {
    const instances = three({ 3: { status: 'missing' } });
    const board = new Board({
      projects: async () => [aProject({ stages: [aStage({ replicas: 3, instances })] })],
      project: async () => aProject(),
      underWay: async () => [],
      steps: async () => [],
      parts: async () => [],
    });
    await board.load();
    expect(board.markOfStage('shop/dev')).toBe('degraded');
  });
});
