/** For what tells of nothing by itself: looked at again while the page is seen. */
const EVERY = 4000; // milliseconds

/** Do it now, and every few seconds as long as the page can be seen; ends when the returned function is called. */
export function everyFew(look: () => void, every = EVERY): () => void {
  look();
  const timer = setInterval(() => document.visibilityState === 'visible' && look(), every);
  return () => clearInterval(timer);
}
