/** Whether something on the page is in sight; one observer for all. */
import type { Attachment } from 'svelte/attachments';

type Tell = (visible: boolean) => void;

const tellers = new WeakMap<Element, Tell>();
let observer: IntersectionObserver | null = null;

/** Attach to an element: `tell` is called as it comes into sight, or nearly, and as it leaves. */
export function seen(tell: Tell): Attachment {
  return (element) => {
    if (typeof IntersectionObserver === 'undefined') {
      tell(true);
      return;
    }
    observer ??= new IntersectionObserver(
      (entries) => entries.forEach((entry) => tellers.get(entry.target)?.(entry.isIntersecting)),
      { rootMargin: '200px' },
    );
    tellers.set(element, tell);
    observer.observe(element);
    return () => observer?.unobserve(element);
  };
}
