import { describe, expect, it } from 'vitest';
import { parseAnsi, stripAnsi } from '#lib/log/ansi.ts';
import { levelOf, LogBuffer } from '#lib/log/buffer.svelte.ts';
import { marked } from '#lib/log/marked.ts';
import { Selection } from '#lib/log/selection.ts';

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

describe('what is shown of a log', () => {
  const all = { shown: 'all', needle: '', onlyMatching: false } as const;

  function long(lines: number) {
    const log = new LogBuffer();
    log.push(
      Array.from({ length: lines }, (_, n) => ({ at: n, text: n % 1000 ? `line ${n}` : `ERROR ${n}` })),
    );
    return log;
  }

  /** How many lines are read while `run` runs. */
  function reads(log: LogBuffer, run: () => void): number {
    let count = 0;
    const { lines } = log;
    log.lines = new Proxy(lines, {
      get(target, name, receiver) {
        if (typeof name === 'string' && /^\d+$/.test(name)) count += 1;
        return Reflect.get(target, name, receiver);
      },
    });
    run();
    log.lines = lines;
    return count;
  }

  it('is read once: of 100,000 lines and one more, one', () => {
    const [log, selection] = [long(100_000), new Selection()];
    expect(reads(log, () => selection.update(log, all))).toBe(100_000);
    log.push([{ at: 1, text: 'one more' }]);
    let told;
    expect(reads(log, () => (told = selection.update(log, all)))).toBe(1);
    expect(told).toEqual({ anew: false, came: 1 });
    expect(selection.lines.length).toBe(100_001);
  });

  it('is found among 100,000 lines by level and by words', () => {
    const [log, selection] = [long(100_000), new Selection()];
    selection.update(log, { ...all, shown: 'error' });
    expect(selection.lines.length).toBe(100);
    selection.update(log, { ...all, needle: 'LINE 99999' });
    expect([selection.lines.length, selection.hits]).toEqual([100_000, [99_999]]);
    selection.update(log, { ...all, needle: 'line 99999', onlyMatching: true });
    expect([selection.lines.length, selection.hits]).toEqual([1, [0]]);
  });

  it('leaves out probes and debugging words where only the rest is wanted', () => {
    const [log, selection] = [new LogBuffer(), new Selection()];
    log.push([
      { at: 1, text: 'connection refused', level: 'probe' },
      { at: 2, text: 'DEBUG pool: 4 idle' },
      { at: 3, text: 'starting' },
      { at: 4, text: 'WARN slow' },
    ]);
    expect(log.details).toBe(2);
    selection.update(log, { ...all, shown: 'info' });
    expect(selection.lines.map((line) => line.plain)).toEqual(['starting', 'WARN slow']);
    selection.update(log, { ...all, shown: 'warning' });
    expect(selection.lines.map((line) => line.plain)).toEqual(['WARN slow']);
  });

  it('begins anew when the first lines went', () => {
    const [log, selection] = [new LogBuffer(100), new Selection()];
    log.push(Array.from({ length: 90 }, (_, n) => ({ at: n, text: String(n) })));
    selection.update(log, all);
    log.push(Array.from({ length: 90 }, (_, n) => ({ at: n, text: String(90 + n) })));
    expect(selection.update(log, all)).toEqual({ anew: true, came: 0 });
    expect([selection.lines[0]!.plain, selection.lines.length]).toEqual(['80', 100]);
  });
});
