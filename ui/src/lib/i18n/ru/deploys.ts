/** Список развёртываний. */
import type { Words } from '../en.ts';

export const deploys: Words['deploys'] = {};
