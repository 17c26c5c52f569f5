/**
 * The colours of a terminal as names of classes. No inline styles (Forge's policy) and no markup in strings, so a
 * log's text cannot become part of the page.
 */
export interface Segment {
  text: string;
  /** Names of classes, '' for plain text. */
  look: string;
  href?: string;
}

interface Look {
  ink: string;
  ground: string;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  inverse: boolean;
  strike: boolean;
}

const PLAIN: Look = {
  ink: '',
  ground: '',
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  strike: false,
};
const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

// CSI … final | OSC … BEL or ST | other two-character escapes | control characters
const ESCAPES =
  // eslint-disable-next-line no-control-regex
  /\x1b\[([0-9;:?<=>]*)[ -/]*([@-~])|\x1b\]([^\x07\x1b]*)(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f]/g;

/** The nearest of the theme's sixteen colours, so that contrast holds in both themes. */
function nearest(red: number, green: number, blue: number): string {
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  if (most - least < 40) return most < 70 ? 'black' : most < 170 ? 'br-black' : 'white';
  const middle = least + (most - least) * 0.5;
  const index = (red > middle ? 1 : 0) | (green > middle ? 2 : 0) | (blue > middle ? 4 : 0);
  return (most > 200 && least > 60 ? 'br-' : '') + NAMES[index]!;
}

function ofPalette(n: number): string {
  if (n < 8) return NAMES[n]!;
  if (n < 16) return `br-${NAMES[n - 8]!}`;
  if (n > 231) {
    const grey = 8 + (n - 232) * 10;
    return nearest(grey, grey, grey);
  }
  const level = (x: number) => (x ? 55 + x * 40 : 0);
  const cube = n - 16;
  return nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

const SWITCHES: Record<number, Partial<Look>> = {
  0: PLAIN,
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strike: false },
  39: { ink: '' },
  49: { ground: '' },
};

function plainColour(code: number): Partial<Look> {
  if (code >= 30 && code <= 37) return { ink: NAMES[code - 30]! };
  if (code >= 40 && code <= 47) return { ground: NAMES[code - 40]! };
  if (code >= 90 && code <= 97) return { ink: `br-${NAMES[code - 90]!}` };
  if (code >= 100 && code <= 107) return { ground: `br-${NAMES[code - 100]!}` };
  return {};
}

function change(look: Look, parameters: string): void {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i]!;
    if (code !== 38 && code !== 48) {
      Object.assign(look, SWITCHES[code] ?? plainColour(code));
      continue;
    }
    let colour = '';
    if (codes[i + 1] === 5) {
      colour = ofPalette(Math.min(255, codes[i + 2] ?? 0));
      i += 2;
    } else if (codes[i + 1] === 2) {
      colour = nearest(codes[i + 2] ?? 0, codes[i + 3] ?? 0, codes[i + 4] ?? 0);
      i += 4;
    }
    Object.assign(look, code === 38 ? { ink: colour } : { ground: colour });
  }
}

function classes(look: Look): string {
  return [
    look.ink && `a-${look.ink}`,
    look.ground && `ab-${look.ground}`,
    look.bold && 'a-b',
    look.dim && 'a-d',
    look.italic && 'a-i',
    look.underline && 'a-u',
    look.inverse && 'a-inv',
    look.strike && 'a-s',
  ]
    .filter(Boolean)
    .join(' ');
}

/** Progress bars draw over themselves with carriage returns: the last frame is what counts. */
function lastFrame(line: string): string {
  const trimmed = line.replace(/\r+$/, '');
  return trimmed.slice(trimmed.lastIndexOf('\r') + 1);
}

export function parseAnsi(line: string): Segment[] {
  const text = lastFrame(line);
  const look = { ...PLAIN };
  const segments: Segment[] = [];
  let href: string | undefined;
  let from = 0;
  const push = (part: string) => {
    if (part)
      segments.push(href ? { text: part, look: classes(look), href } : { text: part, look: classes(look) });
  };
  for (const match of text.matchAll(ESCAPES)) {
    push(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') change(look, match[1] ?? '');
    else if (match[3]?.startsWith('8;')) {
      const address = match[3].slice(match[3].indexOf(';', 2) + 1);
      href = /^https?:\/\//.test(address) ? address : undefined;
    }
  }
  push(text.slice(from));
  return segments;
}

export function stripAnsi(line: string): string {
  return lastFrame(line).replace(ESCAPES, '');
}
