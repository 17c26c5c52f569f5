import { describe, expect, it } from 'vitest';
import { byDay, condensed, tell } from '#lib/activity/tell.ts';
import type { Happening } from '#lib/api/types.ts';
import { aDeploy, anInstance } from './made.ts';

const NOON = new Date(2026, 10, 25, 12).getTime() / 1000;

function happened(type: string, payload: object, changes: Partial<Happening> = {}): Happening {
  return {
    id: 1,
    type,
    payload,
    at: NOON,
    actor: 'ann',
    project: 'shop',
    stage: 'dev',
    topic: 'state',
    ...changes,
  };
}
const sighting = (changes = {}) => ({
  id: 3,
  project: 'shop',
  stage: 'dev',
  tag: 'dev-2',
  digest: 'sha256:0',
  source: 'webhook',
  decision: 'waiting',
  reason: 'A person must say yes',
  seen: NOON,
  due: null,
  deploy: null,
  ...changes,
});

describe('what happened', () => {
  it('is a sentence with a way to the thing', () => {
    const failed = aDeploy({ id: 4, tag: 'dev-3', status: 'failed', failure: 'connection refused' });
    expect(tell(happened('deploy_status', failed))).toEqual({
      mark: 'failed',
      text: 'dev-3 failed on shop/dev',
      note: 'connection refused',
      opens: { deploy: 4 },
    });
    const back = aDeploy({ kind: 'rollback', source: 2 });
    expect(tell(happened('deploy_status', back)).text).toBe('shop/dev was rolled back to dev-1');
    expect(tell(happened('sighting', sighting()))).toMatchObject({
      text: 'dev-2 was seen for shop/dev: waits',
      note: 'A person must say yes',
      opens: { path: '/sightings?project=shop&stage=dev' },
    });
  });

  it('says how an instance ended', () => {
    const ended = anInstance({ status: 'stopped', exit_code: 137, out_of_memory: true });
    expect(tell(happened('instance_status', ended))).toMatchObject({
      mark: 'failed',
      note: 'Killed: out of memory',
      opens: { log: 'a1b2c3' },
    });
  });

  it('of every type has words, and one that is not known yet does not break the page', () => {
    const words = [
      happened('project_changed', { project: 'shop', stage: null, change: 'created' }),
      happened('connection_changed', { kind: 'proxy', name: 'edge', change: 'down', text: 'refused' }),
      happened('settings_changed', { names: ['domain'] }),
      happened('receipt', { id: 9, vendor: '', decision: 'invalid', reason: 'no', images: [] }),
      happened('notification_failed', { name: 'ops', title: 'shop/dev: v1 failed', text: '503' }),
      happened('something_new', {}),
    ].map((event) => tell(event).text);
    expect(words).toEqual([
      'Project shop was made',
      'Proxy edge does not answer',
      'Settings were changed: domain',
      'A delivery of somebody unknown: not understood',
      'ops was not told: shop/dev: v1 failed',
      'something_new',
    ]);
  });

  it('is one line a deploy, the newest word of it', () => {
    const lines = condensed([
      happened('deploy_status', aDeploy({ id: 4, status: 'succeeded' }), { id: 9 }),
      happened('deploy_status', aDeploy({ id: 5, status: 'running' }), { id: 8 }),
      happened('deploy_status', aDeploy({ id: 4, status: 'running' }), { id: 7 }),
      happened('instance_status', anInstance(), { id: 6 }),
      happened('instance_status', anInstance(), { id: 5 }),
    ]);
    expect(lines.map((event) => event.id)).toEqual([9, 8, 6, 5]);
  });

  it('stands under its day', () => {
    const days = byDay([
      happened('settings_changed', { names: [] }, { id: 3 }),
      happened('settings_changed', { names: [] }, { id: 2, at: NOON - 3600 }),
      happened('settings_changed', { names: [] }, { id: 1, at: NOON - 86400 }),
    ]);
    expect(days.map((day) => day.events.map((event) => event.id))).toEqual([[3, 2], [1]]);
  });

  it('where the clock was set back, a day is there once', () => {
    const at = [NOON, NOON - 86400, NOON];
    const days = byDay(
      at.map((time, index) => happened('settings_changed', {}, { id: 3 - index, at: time })),
    );
    expect(days.map((day) => day.events.map((event) => event.id))).toEqual([[3, 1], [2]]);
  });
});
