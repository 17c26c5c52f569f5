/** События, замеченные теги и доставки. */
import type { Words } from '../en.ts';

export const past: Words['past'] = {};
