/** Code is fetched before it is asked for: the board can be used while the line to Forge is cut. */
import { preloadCode } from '$app/navigation';
import { arrives } from '#lib/arrives.ts';

/** In the browser's own timing: when `fetchAhead` had all of it. */
export const FETCHED_AHEAD = 'forge: pages fetched ahead';

const PAUSES = [300, 1000, 3000, 10_000, 30_000, 60_000]; // nobody waits for it

type Part = () => Promise<unknown>;

/** Fetch the code of all pages and `parts`, one after the other; rejects where one does not arrive. */
export async function fetchAhead(parts: readonly Part[]): Promise<void> {
  const { routes } = await arrives(() => import('$app/manifest'), PAUSES);
  const pages = routes
    .filter((route) => route.page)
    .map(
      ({ id }): Part =>
        () =>
          preloadCode(id),
    );
  for (const part of [...parts, ...pages]) await arrives(part, PAUSES);
  performance.mark(FETCHED_AHEAD);
}
