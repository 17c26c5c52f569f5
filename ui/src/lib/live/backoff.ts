/** Milliseconds to wait before try number `attempt` (0 is the first): doubling, capped, half of it random. */
export function backoff(attempt: number, { base = 500, cap = 30_000, random = Math.random } = {}): number {
  const ceiling = Math.min(cap, base * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling / 2 + random() * (ceiling / 2));
}
