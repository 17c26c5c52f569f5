import type { HandleClientError } from '@sveltejs/kit/hooks';
import { t } from '#lib/i18n/words.svelte.ts';
import { live } from '#lib/state/forge.svelte.ts';

/** While the line is cut, a page that has not arrived is no fault of the page: the reader is told what is missing. */
export const handleError: HandleClientError = ({ kind, error }) => {
  if (kind !== 'unknown') return {};
  if (live.connection !== 'live' && error instanceof TypeError) return { message: t.errors.unreachable };
  console.error(error);
  return {};
};
