/** Pages are fetched before they are asked for: the board can be used while the line to Forge is cut. */
import { preloadCode } from '$app/navigation';

/** In the browser's own timing: when `fetchAhead` was through. */
export const FETCHED_AHEAD = 'forge: pages fetched ahead';

/** Fetch the code of all pages, one after the other; what does not arrive is fetched when it is wanted. */
export async function fetchAhead(): Promise<void> {
  const { routes } = await import('$app/manifest');
  for (const { page, id } of routes) if (page) await preloadCode(id).catch(() => undefined);
  performance.mark(FETCHED_AHEAD);
}
