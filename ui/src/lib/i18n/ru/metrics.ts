/** Процессор, память и сеть во времени. */
import type { Words } from '../en.ts';

export const metrics: Words['metrics'] = {
  title: 'Метрики',
  cpu: 'Процессор',
  memory: 'Память',
  disk: 'Диск',
  network: 'Сеть',
  received: 'Получено',
  sent: 'Отправлено',
  docker: (version: string) => `Docker ${version}`,
  of: (part: string, whole: string) => `${part} из ${whole}`,
  perSecond: (size: string) => `${size}/с`,
  notKnown: 'неизвестно',
  statistics: 'Статистика',
  statisticsOf: (name: string) => `Статистика ${name}:`,
  nearLimit: (limit: string) => `Память, предел ${limit}`,
  window: 'Период',
  windows: { '30m': '30 мин', '2h': '2 ч', '24h': '24 ч', '7d': '7 дней' },
  view: 'Вид',
  asCharts: 'Графики',
  asTable: 'Таблица',
  project: 'Проект',
  allProjects: 'Все проекты',
  stage: 'Стадия',
  allStages: 'Все стадии',
  showAll: 'Показать все экземпляры',
  machine: (name: string) => `Машина ${name}`,
  processors: (n: number) =>
    n % 10 === 1 && n % 100 !== 11
      ? `${n} процессор`
      : n % 10 >= 2 && n % 10 <= 4 && (n % 100 < 12 || n % 100 > 14)
        ? `${n} процессора`
        : `${n} процессоров`,
  instances: 'Экземпляры',
  cpuNote: '100 % — один процессор',
  unknownHere: 'Эта система не сообщает об этом.',
  noNetwork: 'Forge здесь работает в контейнере и видит сеть контейнера, а не машины.',
  limit: (size: string) => `предел ${size}`,
  instance: 'Экземпляр',
  time: 'Время',
  now: 'сейчас',
  average: 'в среднем',
  peak: 'максимум',
  removed: 'удалён',
  hide: (name: string) => `Скрыть ${name} на графиках`,
  show: (name: string) => `Показать ${name} на графиках`,
  more: (shown: number, all: number) =>
    `Экземпляры: ${shown} из ${all}, с самым занятым процессором. Выберите проект, чтобы увидеть остальные.`,
  lines: (shown: number, all: number) =>
    `На графиках ${shown} из ${all}: нажмите на название, чтобы показать или скрыть.`,
  collecting: 'Собираем данные',
  collectingBody: (seconds: number) =>
    seconds > 0 ? `Первые точки через ${seconds} с.` : 'Первые точки вот-вот появятся.',
  noInstances: 'За это время ни один экземпляр не работал',
  noInstancesBody: 'Расход экземпляра виден здесь, как только он запущен, и ещё неделю после.',
  deploys: 'Развёртывания за это время',
  deployed: (tag: string, stage: string) => `${tag} работает на ${stage}`,
  noDeploys: 'Ни одного.',
  moreDeploys: (n: number) => `и ещё ${n}`,
  chartOf: (what: string) => `${what}; стрелки двигают по времени`,
  nothingAt: 'нет данных',
  readAt: (time: string, values: string) => `${time}: ${values}`,
  stale: 'Не удалось обновить:',
};
