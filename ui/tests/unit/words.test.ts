import { describe, expect, test } from 'vitest';
import { joined, wordsOf } from '#lib/project/setup/words.ts';

describe('a command as it is typed', () => {
  test.each([
    ['', []],
    ['  bin/migrate   --all ', ['bin/migrate', '--all']],
    [`sh -c "echo 'two words' && ls"`, ['sh', '-c', "echo 'two words' && ls"]],
    [`a 'b "c"' d\\ e ""`, ['a', 'b "c"', 'd e', '']],
    [`"say \\"hi\\""`, ['say "hi"']],
    ['$HOME `ls` *', ['$HOME', '`ls`', '*']],
  ])('%s', (text, words) => expect(wordsOf(text)).toEqual(words));

  test.each(['"open', "it's", 'a \\'])('%s is left open', (text) => expect(wordsOf(text)).toBeNull());

  test('what is written reads back as the same', () => {
    const words = ['plain', 'two words', '', `it's "both"`, 'back\\slash', '$x'];
    expect(wordsOf(joined(words))).toEqual(words);
  });
});
