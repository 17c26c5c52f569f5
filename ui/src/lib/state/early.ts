/** What static/early.js asked Forge for while this code was still on the way; each answer is taken once. */
import type { Deploy, Project } from '#lib/api/types.ts';
import { earlier } from '#lib/live/frame.ts';
import type { Place } from '#lib/live/place.ts';

type Asked = Record<'session' | 'projects' | 'underWay', Promise<Response>>;

/** The board as of a place in the stream: what happened after it is still to be heard. */
export interface Early {
  projects: Project[];
  underWay: Deploy[];
  place: Place;
}

const asked = (globalThis as { forgeEarly?: Asked }).forgeEarly;
let session = asked?.session;
let board = asked && read(asked); // at once: it is there when the board is drawn first

/** Stands in for the first question who is signed in: that is known, or on its way. */
export function earlySession(request: Request): Promise<Response> {
  const answer = session?.catch(() => fetch(request)) ?? fetch(request);
  session = undefined;
  return answer;
}

/** Null if it did not come whole; undefined if nothing was asked for, or all of it is taken. */
export function early(): Promise<Early | null> | undefined {
  const answer = board;
  board = undefined;
  return answer;
}

/** Exported for its tests. */
export async function read({
  projects,
  underWay,
}: Pick<Asked, 'projects' | 'underWay'>): Promise<Early | null> {
  try {
    const answers = await Promise.all([projects, underWay]);
    const [one, other] = answers.map((answer) => answer.headers.get('Forge-Place') ?? undefined);
    const place = earlier(one, other);
    if (place === undefined || !answers.every((answer) => answer.ok)) return null;
    return { projects: await answers[0].json(), underWay: await answers[1].json(), place };
  } catch {
    return null;
  }
}
