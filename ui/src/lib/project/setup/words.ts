/** A command as people type it, and its words: blanks part them, quotes keep them together. Nothing is expanded. */

/** The words of `text`; null where a quote is left open. */
export function wordsOf(text: string): string[] | null {
  const words: string[] = [];
  const one = /\s*((?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+)/y;
  let at = 0;
  while (text.slice(at).trim()) {
    one.lastIndex = at;
    const found = one.exec(text);
    if (!found) return null;
    words.push(plain(found[1]!));
    at = one.lastIndex;
  }
  return words;
}

function plain(quoted: string): string {
  return quoted.replace(
    /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs,
    (_, double?: string, single?: string, escaped?: string) =>
      single ?? escaped ?? double!.replace(/\\(.)/gs, '$1'),
  );
}

/** A text whose words are `words`. */
export function joined(words: string[]): string {
  return words
    .map((word) => (/^[^\s"'\\]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}
