/** Первый запуск, новый проект, принятие контейнера. */
import type { Words } from '../en.ts';

export const start: Words['start'] = {};
