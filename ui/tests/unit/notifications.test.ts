import { describe, expect, it, vi } from 'vitest';
import type { Notification, NotificationDelivery } from '#lib/api/types.ts';
import type { Live } from '#lib/live/live.svelte.ts';
import { draftOf, makeKey, offered, sent } from '#lib/notifications/draft.ts';
import { Notifications, sorted, stateOf } from '#lib/notifications/notifications.svelte.ts';

function one(more: Partial<Notification> = {}): Notification {
  return {
    name: 'ops',
    kind: 'webhook',
    occasions: ['deploy_failed'],
    project: null,
    stage: null,
    quiet: 300,
    local: false,
    active: true,
    service: 'hooks.example.org',
    address: 'hooks.example.org/•••',
    has_key: true,
    waiting: 0,
    last: null,
    ...more,
  };
}
const last = (status: NotificationDelivery['status']) => ({ status }) as NotificationDelivery;

describe('how it stands with a notification', () => {
  it.each([
    [{ active: false, last: last('failed') }, 'off'],
    [{ kind: 'nobody' as const }, 'quiet'],
    [{}, 'none'],
    [{ last: last('sent') }, 'sent'],
    [{ last: last('waiting') }, 'trying'],
    [{ last: last('failed') }, 'failed'],
    [{ last: last('dropped') }, 'failed'],
  ])('%j is %s', (more, state) => expect(stateOf(one(more))).toBe(state));

  it('shows those that need a look first, then the wide before the narrow', () => {
    const all = [
      one({ name: 'narrow', project: 'shop', stage: 'dev' }),
      one({ name: 'wide' }),
      one({ name: 'trying', last: last('waiting') }),
      one({ name: 'failed', project: 'shop', last: last('failed') }),
    ];
    expect(sorted(all).map(({ name }) => name)).toEqual(['failed', 'trying', 'wide', 'narrow']);
  });
});

describe('what is typed', () => {
  it('keeps the address and the key of one that is there', () => {
    const body = sent(draftOf(one()));
    expect(body).toMatchObject({ address: null, key: null, quiet: 300, project: null, stage: null });
  });

  it('sends a new address and a key only where they belong', () => {
    const draft = { ...draftOf(undefined), name: 'ops', address: ' ntfy://host/topic ', key: 'a key' };
    expect(sent(draft)).toMatchObject({ address: 'ntfy://host/topic', key: null });
    expect(sent({ ...draft, kind: 'webhook' })).toMatchObject({ key: 'a key' });
    expect(sent({ ...draft, kind: 'nobody' })).toMatchObject({ address: null, key: null });
  });

  it('leaves out of a project what belongs to none', () => {
    expect(offered('')).toContain('part');
    expect(offered('shop')).not.toContain('part');
    const draft = { ...draftOf(one({ occasions: ['part', 'waiting'] })), project: 'shop', stage: '' };
    expect(sent(draft)).toMatchObject({ occasions: ['waiting'], project: 'shop', stage: null });
    expect(sent({ ...draft, project: '', stage: 'dev' }).stage).toBe(null);
  });

  it('says the quiet time in minutes', () => {
    expect(draftOf(one({ quiet: 90 })).minutes).toBe(1.5);
    expect(sent({ ...draftOf(one()), minutes: null }).quiet).toBe(0);
  });

  it('makes keys that are long and never the same', () => {
    expect(makeKey()).toMatch(/^[0-9a-f]{48}$/);
    expect(makeKey()).not.toBe(makeKey());
  });
});

describe('the list', () => {
  function listening() {
    const list = vi.fn(async () => [one()]);
    const answers = { ok: true, text: '200', code: 200, milliseconds: 3 };
    const made = new Notifications({ list, test: vi.fn(async () => answers) });
    let topic: any;
    const live = { subscribe: (given: any) => ((topic = given), () => {}) } as unknown as Live;
    const heard: (string | null)[] = [];
    const leave = made.follow(live, (name) => heard.push(name));
    return {
      list,
      made,
      heard,
      leave,
      frame: (type: string, payload: any) => topic.onFrame({ type, payload }),
    };
  }

  it('looks once for many messages, and not for what is about others', async () => {
    vi.useFakeTimers();
    const { list, heard, frame, leave } = listening();
    for (let n = 0; n < 9; n += 1) frame('notification', { name: 'ops' });
    frame('settings_changed', { names: ['domain'] });
    frame('deploy_status', {});
    await vi.advanceTimersByTimeAsync(600);
    expect(list).toHaveBeenCalledTimes(1);
    expect(heard).toEqual(Array(9).fill('ops'));
    frame('settings_changed', { names: ['notifications'] });
    frame('project_changed', { change: 'deleted' });
    expect(heard.slice(9)).toEqual([null, null]);
    leave();
    await vi.advanceTimersByTimeAsync(600);
    expect(list).toHaveBeenCalledTimes(1);
    vi.useRealTimers();
  });

  it('tells how a test went, also when Forge does not answer', async () => {
    const { made } = listening();
    await made.test('ops');
    expect(made.tests.get('ops')).toMatchObject({ asking: false, answer: { ok: true, text: '200' } });
    const away = new Notifications({
      list: async () => [],
      test: async () => {
        throw new Error('gone');
      },
    });
    await away.test('ops');
    expect(away.tests.get('ops')?.answer).toMatchObject({ ok: false, text: 'gone' });
  });
});
