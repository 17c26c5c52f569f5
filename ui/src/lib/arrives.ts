/**
 * Code that is asked for again where it was broken off: Chromium breaks off what it loads whenever the machine's
 * network changes, as it does with every container that Docker starts. An older browser may keep to the first failure
 * until the page is loaded again (whatwg/html#6768).
 */

const PAUSES = [300, 1000, 3000]; // milliseconds before each further try

/** Import a part of the board, after each of `pauses` once more; rejects as the last try does. */
export async function arrives<T>(part: () => Promise<T>, pauses = PAUSES): Promise<T> {
  for (const pause of pauses) {
    try {
      return await part();
    } catch {
      await new Promise((done) => setTimeout(done, pause));
    }
  }
  return part();
}
