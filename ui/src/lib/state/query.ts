/** What a screen is narrowed to is part of its address: it can be sent on, and back and forward keep it. */
import { goto } from '$app/navigation';
import { page } from '$app/state';

export const asked = (name: string): string | null => page.url.searchParams.get(name);

/** Change the address; null takes a name away. */
export function ask(changes: Record<string, string | null>): void {
  void goto(addressWith(changes), { replace: true, reset: false });
}

/** The present address with changes, for a link: `?project=shop&deploy=42`. */
export function addressWith(changes: Record<string, string | number | null>): string {
  const query = new URLSearchParams(page.url.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) query.delete(name);
    else query.set(name, String(value));
  }
  return `${page.url.pathname}?${query}`;
}
