/**
 * A place in the stream, as it stands in `id:` and in hello's cursors: an event's number in Forge's store (`71`),
 * or a frame's in the ring of one run of Forge (`bd31d775939f-9`).
 */
export type Place = string;

function parse(place: Place): [ring: string, number: number] {
  const dash = place.lastIndexOf('-');
  return dash < 0 ? ['', Number(place)] : [place.slice(0, dash), Number(place.slice(dash + 1))];
}

/** Whether `one` comes before `other`; places of different rings cannot be compared: false. */
export function isBefore(one: Place, other: Place): boolean {
  const [ring, number] = parse(one);
  const [otherRing, otherNumber] = parse(other);
  return ring === otherRing && number < otherNumber;
}

/** Whether what is at `one` is known to somebody who knows all up to `other`. */
export function isKnown(one: Place, other: Place): boolean {
  return one === other || isBefore(one, other);
}
