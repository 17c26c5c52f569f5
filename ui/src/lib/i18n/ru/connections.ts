/** Реестры, прокси и движки. */
import type { Words } from '../en.ts';

export const connections: Words['connections'] = {};
