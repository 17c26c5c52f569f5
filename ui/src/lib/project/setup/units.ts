/** Sizes and spans of time as people write them, and as Forge's configuration files do: 512MiB, 1h30m. */
const SIZE: Record<string, number> = { b: 1 };
for (const [power, letter] of ['k', 'm', 'g', 't'].entries()) {
  SIZE[letter] = SIZE[`${letter}ib`] = 1024 ** (power + 1);
  SIZE[`${letter}b`] = 1000 ** (power + 1);
}
const SECONDS: Record<string, number> = { d: 86400, h: 3600, m: 60, min: 60, s: 1 };

/** Bytes; NaN if it is no size. */
export function parseSize(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = found && SIZE[found[2]!.toLowerCase() || 'b'];
  return unit ? Math.round(Number(found[1]) * unit) : NaN;
}

/** The shortest that reads back as the same. */
export function writeSize(bytes: number): string {
  for (const unit of ['TiB', 'GiB', 'MiB', 'KiB']) {
    const size = SIZE[unit.toLowerCase()]!;
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return String(bytes);
}

/** Seconds; NaN if it is no span of time. A number alone is seconds. */
export function parseSpan(text: string): number {
  const tidy = text.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(tidy)) return Number(tidy);
  if (!/^(\d+(\.\d+)?\s*(min|[dhms])\s*)+$/.test(tidy)) return NaN;
  const parts = [...tidy.matchAll(/(\d+(?:\.\d+)?)\s*(min|[dhms])/g)];
  return parts.reduce((sum, [, number, unit]) => sum + Number(number) * SECONDS[unit!]!, 0);
}

/** The shortest that reads back as the same. */
export function writeSpan(seconds: number): string {
  const unit = ['d', 'h', 'min'].find((one) => seconds >= SECONDS[one]! && seconds % SECONDS[one]! === 0);
  return unit ? `${seconds / SECONDS[unit]!} ${unit}` : `${seconds} s`;
}
