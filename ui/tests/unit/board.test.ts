import { describe, expect, it, vi } from 'vitest';
import { Problem } from '#lib/api/client.ts';
import type { Frame, Live, Subscription } from '#lib/live/live.svelte.ts';
import { Board, type BoardSource } from '#lib/state/board.svelte.ts';
import { aDeploy, aFrame, anInstance, aProject, aStage, aStep } from './made.ts';

function source(changes: Partial<BoardSource> = {}): BoardSource {
  return {
    projects: async () => [aProject()],
    project: async () => aProject(),
    underWay: async () => [],
    steps: async () => [],
    parts: async () => [],
    ...changes,
  };
}

async function loaded(changes: Partial<BoardSource> = {}): Promise<Board> {
  const board = new Board(source(changes));
  await board.load();
  return board;
}

const status = (changes: Parameters<typeof aDeploy>[0]) => aFrame('deploy_status', aDeploy(changes));

describe('the board', () => {
  it('shows what was loaded', async () => {
    const board = await loaded();
    expect(board.loading).toBe(false);
    expect(board.instancesOf('shop/dev').map((one) => one.id)).toEqual(['a1b2c3']);
    expect(board.markOfProject('shop')).toBe('running');
  });

  it('says why nothing could be loaded, and keeps what it had', async () => {
    const refuse = async () => {
      throw new Problem(503, 'busy', 'Too busy.');
    };
    expect((await loaded({ projects: refuse })).problem?.message).toBe('Too busy.');
    const answers = vi.fn().mockResolvedValueOnce([aProject()]).mockImplementation(refuse);
    const board = await loaded({ projects: answers });
    await board.load();
    expect([board.loading, board.projects.size]).toEqual([false, 1]);
  });

  it('applies what was told while it was loading', async () => {
    let answer: (projects: ReturnType<typeof aProject>[]) => void = () => {};
    const board = new Board(source({ projects: () => new Promise((resolve) => (answer = resolve)) }));
    const loading = board.load();
    board.hear(aFrame('instance_status', anInstance({ status: 'unhealthy', since: 200 })));
    answer([aProject()]);
    await loading;
    expect(board.instances.get('a1b2c3')?.status).toBe('unhealthy');
  });

  it('does not go back to what an instance was before', async () => {
    const board = await loaded();
    board.hear(aFrame('instance_status', anInstance({ status: 'stopped', since: 300 })));
    board.hear(aFrame('instance_status', anInstance({ status: 'running', since: 200 })));
    expect(board.instances.get('a1b2c3')?.status).toBe('stopped');
  });

  it('follows a deploy from the queue to its end', async () => {
    const board = await loaded();
    board.hear(status({ id: 2, tag: 'dev-2', status: 'queued', ended: null }));
    expect(board.markOfStage('shop/dev')).toBe('queued');
    board.hear(status({ id: 2, tag: 'dev-2', status: 'running', ended: null }));
    board.hear(aFrame('deploy_step', aStep({ deploy: 2, position: 5, name: 'wait until healthy' })));
    expect(board.underWay('shop/dev').map((one) => one.id)).toEqual([2]);
    expect(board.steps.get(2)?.name).toBe('wait until healthy');
    board.hear(status({ id: 2, tag: 'dev-2', status: 'failed' }));
    expect([board.underWay('shop/dev').length, board.steps.size]).toEqual([0, 0]);
    expect(board.markOfStage('shop/dev')).toBe('failed');
    expect(board.newestDeploy('shop/dev')?.id).toBe(2);
    expect(board.deploys.has(1)).toBe(false);
  });

  it('lets nothing begin again that has ended', async () => {
    const board = await loaded();
    board.hear(status({ id: 2, status: 'succeeded' }));
    board.hear(status({ id: 2, status: 'running', ended: null }));
    board.hear(aFrame('deploy_step', aStep({ deploy: 2 })));
    expect([board.deploys.get(2)?.status, board.steps.size]).toEqual(['succeeded', 0]);
  });

  it('forgets deploys under way that the present does not know any more', async () => {
    const under = vi
      .fn()
      .mockResolvedValueOnce([aDeploy({ id: 9, status: 'running' })])
      .mockResolvedValue([]);
    const board = await loaded({ underWay: under });
    expect(board.underWay('shop/dev')).toHaveLength(1);
    await board.load();
    expect(board.underWay('shop/dev')).toHaveLength(0);
  });

  it('has the address of what serves from the event itself', async () => {
    vi.useFakeTimers();
    const project = vi.fn(async () => aProject());
    const board = await loaded({ project });
    board.hear(aFrame('instance_status', anInstance({ id: 'd4e5f6', since: 160, url: 'http://new' })));
    board.hear(aFrame('instance_status', anInstance({ since: 160, serving: false, url: null })));
    expect(board.instances.get('d4e5f6')?.url).toBe('http://new');
    expect(board.instances.get('a1b2c3')?.url).toBeNull();
    await vi.advanceTimersByTimeAsync(1000);
    vi.useRealTimers();
    expect(project).not.toHaveBeenCalled();
  });

  it('takes away what was removed or deleted', async () => {
    const board = await loaded();
    board.hear(aFrame('instance_status', anInstance({ status: 'removed', since: 200 })));
    expect(board.instancesOf('shop/dev')).toEqual([]);
    board.hear(aFrame('project_changed', { project: 'shop', stage: null, change: 'deleted' }));
    expect([board.projects.size, board.stages.size, board.deploys.size]).toEqual([0, 0, 0]);
  });

  it('loads a changed project anew, once for several changes', async () => {
    vi.useFakeTimers();
    const project = vi.fn(async () => aProject({ image: 'registry/shop2' }));
    const board = await loaded({ project });
    for (const stage of [null, 'dev', 'rel'])
      board.hear(aFrame('project_changed', { project: 'shop', stage, change: 'changed' }));
    await vi.advanceTimersByTimeAsync(200);
    vi.useRealTimers();
    expect(project).toHaveBeenCalledTimes(1);
    expect(board.projects.get('shop')?.image).toBe('registry/shop2');
  });

  it('shows a first event at once, and what follows close upon it together', async () => {
    vi.useFakeTimers();
    const board = await loaded();
    let told: (frame: Frame) => void = () => {};
    const live = { subscribe: ({ onFrame }: Subscription) => ((told = onFrame), () => {}) };
    const leave = board.follow(live as unknown as Live);
    const restarts = () => board.instances.get('a1b2c3')?.restarts;
    for (const n of [1, 2, 3]) told(aFrame('instance_status', anInstance({ restarts: n })));
    expect(restarts()).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(restarts()).toBe(3);
    told(aFrame('instance_status', anInstance({ restarts: 4 })));
    leave();
    expect(restarts()).toBe(4);
    vi.useRealTimers();
  });

  it('shows what was asked for before the stream began, and follows from its place', async () => {
    const projects = vi.fn(async () => [aProject()]);
    const found = { projects: [aProject()], underWay: [], place: '41' };
    const board = new Board(source({ projects, early: async () => found }));
    let followed: Subscription | undefined;
    const live = { subscribe: (wish: Subscription) => ((followed = wish), () => {}) };
    board.follow(live as unknown as Live);
    await vi.waitFor(() => expect(followed?.since).toBe('41'));
    expect([board.loading, board.projects.size]).toEqual([false, 1]);
    followed!.onFrame(aFrame('instance_status', anInstance({ status: 'unhealthy', since: 200 })));
    expect(board.instances.get('a1b2c3')?.status).toBe('unhealthy');
    expect(projects).not.toHaveBeenCalled();
    followed!.onGap!();
    await vi.waitFor(() => expect(projects).toHaveBeenCalled());
  });

  it('loads when the stream begins if nothing was asked for early, or it did not come', async () => {
    for (const early of [undefined, () => undefined, async () => null]) {
      const board = new Board(source({ early }));
      const live = {
        subscribe: (wish: Subscription) => (wish.onGap!(), expect(wish.since).toBeUndefined(), () => {}),
      };
      board.follow(live as unknown as Live);
      await vi.waitFor(() => expect(board.loading).toBe(false));
    }
  });

  it('knows the deploys under way of each stage, the first first', async () => {
    const board = await loaded();
    for (const id of [5, 3, 4]) board.hear(status({ id, status: 'queued', ended: null }));
    board.hear(status({ id: 6, stage: 'rel', status: 'running', ended: null }));
    expect(board.underWay('shop/dev').map((one) => one.id)).toEqual([3, 4, 5]);
    board.hear(status({ id: 3, status: 'superseded' }));
    expect(board.underWay('shop/dev').map((one) => one.id)).toEqual([4, 5]);
    expect(board.underWay('shop/rel').map((one) => one.id)).toEqual([6]);
    board.hear(aFrame('project_changed', { project: 'shop', stage: null, change: 'deleted' }));
    expect(board.underWay('shop/dev')).toEqual([]);
  });

  it('bears 10,000 events on 200 projects', async () => {
    const names = Array.from({ length: 200 }, (_, n) => `p${n}`);
    const board = await loaded({
      projects: async () =>
        names.map((name) =>
          aProject({
            name,
            stages: [
              aStage({
                project: name,
                instances: [anInstance({ project: name, id: name })],
                last_deploy: null,
              }),
            ],
          }),
        ),
    });
    const begun = performance.now();
    for (let n = 0; n < 10_000; n += 1) {
      const name = names[n % 200]!;
      const changes = { project: name, id: name, since: 100 + n, restarts: n };
      board.hear(aFrame('instance_status', anInstance(changes)));
    }
    expect(performance.now() - begun).toBeLessThan(2000);
    expect(board.instances.get('p199')?.restarts).toBe(9999);
  });
});
