/** What travels: frames from Forge, and what a tab wants to hear of. */
import { isBefore, type Place } from './place.ts';

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'offline' | 'paused';

/** What Forge sends. `id` is the frame's place, '' for what is not kept (hello, ping, progress). */
export interface Frame {
  type: string;
  topic: string;
  at: number;
  payload: any;
  id: Place;
}

/** A topic that a tab follows; `fresh`: it hears nothing of it before a connection begins at `since` or earlier. */
export interface Want {
  topic: string;
  since?: Place;
  fresh: boolean;
}

export type Places = Record<string, Place>;

export const earlier = (one: Place | undefined, other: Place | undefined) =>
  one === undefined || (other !== undefined && isBefore(other, one)) ? other : one;
