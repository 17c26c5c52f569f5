/** A line in pieces: each of one look, and inside or outside of what was searched for. */
import type { Segment } from './ansi.ts';

export interface Piece extends Segment {
  hit: boolean;
}

export function marked(segments: Segment[], plain: string, needle: string): Piece[] {
  if (!needle) return segments.map((segment) => ({ ...segment, hit: false }));
  const starts: number[] = [];
  const low = plain.toLowerCase();
  const wanted = needle.toLowerCase();
  for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, at + wanted.length)) starts.push(at);

  const pieces: Piece[] = [];
  let before = 0; // characters of the line before the segment
  let next = 0; // the first hit that has not ended yet
  for (const segment of segments) {
    let at = 0;
    while (at < segment.text.length) {
      while (next < starts.length && starts[next]! + wanted.length <= before + at) next += 1;
      const start = next < starts.length ? starts[next]! - before : Infinity;
      const hit = at >= start;
      const end = Math.min(hit ? start + wanted.length : start, segment.text.length);
      pieces.push({ ...segment, text: segment.text.slice(at, end), hit });
      at = end;
    }
    before += segment.text.length;
  }
  return pieces;
}
