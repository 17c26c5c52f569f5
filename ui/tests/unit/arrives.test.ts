import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { arrives } from '#lib/arrives.ts';

describe('a part of the board', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const broken = new TypeError('Failed to fetch dynamically imported module');

  it('is asked for once where it arrives', async () => {
    const part = vi.fn(async () => 'drawer');
    expect(await arrives(part)).toBe('drawer');
    expect(part).toHaveBeenCalledOnce();
  });

  it('is asked for again where it was broken off, later each time', async () => {
    const part = vi.fn(async () => 'drawer');
    part.mockRejectedValueOnce(broken).mockRejectedValueOnce(broken);
    const arriving = arrives(part, [100, 1000]);
    await vi.advanceTimersByTimeAsync(99);
    expect(part).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(part).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await arriving).toBe('drawer');
  });

  it('that never arrives is not asked for without end', async () => {
    const part = vi.fn(() => Promise.reject(broken));
    const arriving = expect(arrives(part, [100, 1000])).rejects.toBe(broken);
    await vi.advanceTimersByTimeAsync(100_000);
    await arriving;
    expect(part).toHaveBeenCalledTimes(3);
  });
});
