/** Keys. Single letters can be switched off: they hurt people who use speech input. */
import { keep, kept } from '#lib/state/storage.ts';

const apple = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.platform);
export const MOD = apple ? '⌘' : 'Ctrl';

export const singleKeys = {
  get on(): boolean {
    return kept('forge.keys') !== 'off';
  },
  set on(on: boolean) {
    keep('forge.keys', on ? 'on' : 'off');
  },
};

/** Whether a key belongs to the page: not typed into a field, no modifier, and single keys are on. */
export function isSingleKey(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (target?.closest?.('input, textarea, select, [contenteditable=true]')) return false;
  return !event.ctrlKey && !event.metaKey && !event.altKey && singleKeys.on;
}
