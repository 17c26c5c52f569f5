import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Frame } from '#lib/live/live.svelte.ts';
import { afterChanges } from '#lib/state/afterchanges.ts';

const frame = (type: string, project = 'shop') => ({ type, payload: { project } }) as unknown as Frame;

describe('what is asked for after changes', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is asked for once after several, and not for other reasons', async () => {
    const load = vi.fn(async () => {});
    const hear = afterChanges('shop', load);
    hear(frame('deploy_status', 'blog'));
    hear(frame('metric'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(load).not.toHaveBeenCalled();
    for (const type of ['project_changed', 'deploy_status', 'instance_status']) hear(frame(type));
    await vi.advanceTimersByTimeAsync(1000);
    expect(load).toHaveBeenCalledOnce();
  });

  it('is asked for while changes go on, and never twice at once', async () => {
    let done = () => {};
    const load = vi.fn(() => new Promise<void>((resolve) => (done = resolve)));
    const hear = afterChanges('shop', load);
    for (let each = 0; each < 10; each += 1) {
      hear(frame('deploy_status'));
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(load).toHaveBeenCalledTimes(1); // the answer has not come yet
    done();
    await vi.advanceTimersByTimeAsync(0);
    expect(load).toHaveBeenCalledTimes(2);
  });
});
