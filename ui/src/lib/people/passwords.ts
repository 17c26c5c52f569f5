/** Passwords that Forge proposes: long enough for any attack, short enough to be read out over a telephone. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789'; // without those that are taken for another
const [GROUPS, LENGTH] = [5, 4];

/** Five groups of four: 99 bits. */
export function makePassword(
  fill: (bytes: Uint8Array<ArrayBuffer>) => void = (bytes) => crypto.getRandomValues(bytes),
): string {
  const groups = Array.from({ length: GROUPS }, () =>
    Array.from({ length: LENGTH }, () => letter(fill)).join(''),
  );
  return groups.join('-');
}

/** Each with the same chance: bytes beyond the last whole round are thrown away. */
function letter(fill: (bytes: Uint8Array<ArrayBuffer>) => void): string {
  const byte = new Uint8Array(1);
  do fill(byte);
  while (byte[0]! >= 256 - (256 % LETTERS.length));
  return LETTERS[byte[0]! % LETTERS.length]!;
}
