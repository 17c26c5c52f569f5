/** Signing in by name and password is a page of Forge’s own; afterwards one is back where one wanted to be. */
const PLACE = 'forge.place';

/** To the page that signs people in. `place`: the address to come back to; null: the board. */
export function goToSignIn(
  place: string | null,
  go: (to: string) => void = (to) => location.assign(to),
): void {
  try {
    if (place && place !== '/') sessionStorage.setItem(PLACE, place);
    else sessionStorage.removeItem(PLACE);
  } catch {
    // no storage: the board it is
  }
  go('/sign-in');
}

/** Where one wanted to be, once. */
export function comeBack(): string | null {
  try {
    const place = sessionStorage.getItem(PLACE);
    sessionStorage.removeItem(PLACE);
    return place?.startsWith('/') && !place.startsWith('//') ? place : null;
  } catch {
    return null;
  }
}
