/** Whether a time-out leaves starts the time they take: as Forge judges it, of what is not saved yet. */
import type { components } from '#lib/api/schema.d.ts';

type Starts = components['schemas']['Starts'];

const ROOM = 1.25; // as in forge/deploy/starts.py

/** Which starts take too long for `limit` seconds (NaN: none is set); null if none does. */
export function doubtOf(
  starts: Pick<Starts, 'count' | 'typical' | 'slowest'>,
  limit: number,
): 'typical' | 'slowest' | null {
  if (!starts.count || !(limit > 0)) return null;
  if (starts.typical > limit) return 'typical';
  return starts.slowest * ROOM > limit ? 'slowest' : null;
}
