/** Процессор, память и сеть во времени. */
import type { Words } from '../en.ts';

export const metrics: Words['metrics'] = {};
