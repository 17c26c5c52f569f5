/** Code is fetched before it is asked for: the board can be used while the line to Forge is cut. */
import { preloadCode } from '$app/navigation';
import { arrives } from '#lib/arrives.ts';

/** In the browser's own timing: when `fetchAhead` had all of it. */
export const FETCHED_AHEAD = 'forge: pages fetched ahead';

type Part = () => Promise<unknown>;

/** Fetch the code of all pages and `parts`, one after the other; rejects if any of it does not arrive. */
export async function fetchAhead(parts: readonly Part[]): Promise<void> {
  const { routes } = await arrives(() => import('$app/manifest'));
  const pages = routes
    .filter((route) => route.page)
    .map(
      ({ id }): Part =>
        () =>
          preloadCode(id),
    );
  const missing: unknown[] = [];
  for (const part of [...parts, ...pages]) await arrives(part).catch((error) => missing.push(error));
  if (missing.length) throw missing[0];
  performance.mark(FETCHED_AHEAD);
}
