import type { HandleClientError } from '@sveltejs/kit/hooks';

const OF_IMPORTS = /import/i; // in what Chromium, Firefox and Safari say of code that did not arrive

/** A page whose code has not arrived is no fault of the page: routes/+error.svelte asks for it again. */
export const handleError: HandleClientError = ({ kind, error }) => {
  if (kind !== 'unknown') return {};
  if (error instanceof TypeError && OF_IMPORTS.test(error.message)) {
    return { missing: true };
  }
  console.error(error);
  return {};
};
