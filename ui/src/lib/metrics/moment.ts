/** Which time a chart shows, and which moment of it is looked at. */

/** `points` steps of `step` seconds from `start` (unix seconds) on. */
export interface Span {
  start: number;
  step: number;
  points: number;
}

/** A step, and the chart that the pointer is over; null: none. */
export type Cursor = { chart: string; index: number } | null;
