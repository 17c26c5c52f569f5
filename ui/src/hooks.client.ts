import type { HandleClientError } from '@sveltejs/kit/hooks';

/** What Chromium, Firefox and Safari say of code that did not arrive. */
const MISSING = /dynamically imported module|Importing a module script failed/;

/** A page whose code has not arrived is no fault of the page: routes/+error.svelte asks for it again. */
export const handleError: HandleClientError = ({ kind, error }) => {
  if (kind !== 'unknown') return {};
  if (error instanceof TypeError && MISSING.test(error.message)) return { missing: true };
  console.error(error);
  return {};
};
