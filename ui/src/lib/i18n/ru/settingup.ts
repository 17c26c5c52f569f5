/** Настройка проекта и его стадий. */
import type { Words } from '../en.ts';

export const settingup: Words['settingup'] = {};
