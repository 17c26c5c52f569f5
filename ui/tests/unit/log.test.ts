import { describe, expect, it } from 'vitest';
import { parseAnsi, stripAnsi } from '#lib/log/ansi.ts';
import { levelOf, LogBuffer } from '#lib/log/buffer.svelte.ts';
import { marked } from '#lib/log/marked.ts';

describe('colours of a terminal', () => {
  it('become names of classes', () => {
    expect(parseAnsi('\x1b[1;31mno\x1b[0m yes')).toEqual([
      { text: 'no', look: 'a-red a-b' },
      { text: ' yes', look: '' },
    ]);
    expect(parseAnsi('\x1b[38;5;9mx\x1b[48;2;0;0;255my')[1]!.look).toBe('a-br-red ab-blue');
  });

  it('keep the last frame of a progress bar, and drop what moves the cursor', () => {
    expect(stripAnsi('10%\r50%\r100%\r')).toBe('100%');
    expect(stripAnsi('\x1b[2Ka\x1b[1;1Hb\x07')).toBe('ab');
  });

  it('make a link only of http', () => {
    const link = (address: string) => parseAnsi(`\x1b]8;;${address}\x1b\\here\x1b]8;;\x1b\\`)[0]!.href;
    expect(link('https://forge.test/')).toBe('https://forge.test/');
    expect(link('javascript:alert(1)')).toBeUndefined();
  });
});

describe('a line that was searched', () => {
  it('is cut where it matches, also across colours', () => {
    const line = '\x1b[32mhea\x1b[0mlth and Health';
    const pieces = marked(parseAnsi(line), stripAnsi(line), 'health');
    expect(pieces.map((piece) => [piece.text, piece.hit])).toEqual([
      ['hea', true],
      ['lth', true],
      [' and ', false],
      ['Health', true],
    ]);
  });
});

describe('a log', () => {
  it('reads a line’s level off its words', () => {
    expect(['ERROR: x', 'level=warning: y', '12 DEBUG z', 'plain'].map(levelOf)).toEqual([
      'error',
      'warning',
      'debug',
      'none',
    ]);
  });

  it('keeps its newest lines and says how many it dropped', () => {
    const log = new LogBuffer(100);
    log.push(Array.from({ length: 250 }, (_, n) => ({ at: n, text: String(n) })));
    expect([log.lines.length, log.dropped, log.lines[0]!.number]).toEqual([100, 150, 151]);
    expect(log.generation).toBe(1);
  });

  it('takes 100,000 lines quickly', () => {
    const log = new LogBuffer();
    const begun = performance.now();
    for (let n = 0; n < 100; n += 1)
      log.push(Array.from({ length: 1000 }, (_, m) => ({ at: n, text: `\x1b[32mINFO\x1b[0m request ${m}` })));
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(log.lines).toHaveLength(100_000);
  });
});
