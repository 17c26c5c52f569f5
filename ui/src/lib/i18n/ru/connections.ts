/** Реестры, прокси и движки. */
import type { Words } from '../en.ts';

const number = (n: number) => n.toLocaleString('ru');

function form(n: number, one: string, few: string, many: string): string {
  const [tens, units] = [n % 100, n % 10];
  if (tens > 10 && tens < 20) return many;
  return units === 1 ? one : units > 1 && units < 5 ? few : many;
}
const count = (n: number, one: string, few: string, many: string) =>
  `${number(n)} ${form(n, one, few, many)}`;

export const connections: Words['connections'] = {
  title: 'Подключения',
  setUp: 'Настройка',
  nouns: { registries: 'Реестры', proxies: 'Прокси', engines: 'Движки' },
  kind: { registry: 'реестр', proxy: 'прокси', engine: 'движок' },
  about: {
    registries:
      'Откуда берутся образы. К реестру, которого здесь нет, Forge обращается без входа; добавьте его, чтобы входить или задать, как часто смотреть.',
    proxies:
      'Кто приводит людей к тому, что работает. Forge переключает прокси на новый экземпляр, когда тот проверен.',
    engines: 'Где работают контейнеры. Forge обращается к API Docker и трогает только то, что создал сам.',
  },
  add: { registries: 'Добавить реестр', proxies: 'Добавить прокси', engines: 'Добавить движок' },
  emptyTitle: { registries: 'Реестров пока нет', proxies: 'Прокси нет', engines: 'Движков нет' },
  emptyBody: {
    registries:
      'Открытые образы доступны и так. Добавьте реестр, чтобы загружать закрытые образы или смотреть в него реже.',
    proxies:
      'Добавьте Caddy, чтобы открывать экземпляры по домену, или «порты», чтобы пользоваться портами этой машины.',
    engines: 'Добавьте движок: без него ничего не запустится.',
  },
  filter: 'Фильтр по имени или адресу',
  failing: (n) => `не отвечают: ${n}`,
  answers: 'Отвечает',
  ready: 'Готов',
  down: 'Не отвечает',
  noImage: 'Образ не найден',
  unasked: 'Ещё не спрашивали',
  asking: 'Спрашиваем…',
  fault: {
    name: 'Имя не найдено',
    connect: 'Нет соединения',
    timeout: 'Нет ответа вовремя',
    certificate: 'Сертификат',
    login: 'Во входе отказано',
    repository: 'Образ не найден',
    limit: 'Лимит запросов',
    answer: 'Неожиданный ответ',
    other: 'Сбой',
  },
  test: 'Проверить',
  testOf: (name) => `Проверить ${name}`,
  actionsOf: (name) => `Действия: ${name}`,
  edit: 'Изменить…',
  remove: 'Удалить…',
  change: (name) => `Изменить ${name}`,
  save: 'Сохранить и проверить',
  addDo: 'Добавить и проверить',
  added: (name) => `Добавлено: ${name}`,
  changed: (name) => `Изменено: ${name}`,
  removed: (name) => `Удалено: ${name}`,
  removeTitle: (kind, name) => `Удалить ${kind} ${name}?`,
  removeBody: 'Forge забудет его адрес и настройки. Ни один проект его не называет.',
  removePassword: 'Пароль тоже будет забыт.',
  removeAnonymous: (projects, host) =>
    `Образы проектов ${projects} лежат на ${host}: без этого реестра Forge будет обращаться туда без входа.`,
  removeDo: 'Удалить',
  keep: 'Оставить',
  cannotRemove: (kind, name) => `${kind[0]!.toUpperCase()}${kind.slice(1)} ${name} используется`,
  usedBy: (projects, n) =>
    n === 1
      ? `Его использует проект ${projects}. Сначала выберите там другой.`
      : `Его используют проекты ${projects}. Сначала выберите там другой.`,
  isDefault: 'Этот прокси получают новые проекты. Сначала выберите другой прокси по умолчанию.',
  open: (project) => `Открыть ${project}`,
  chooseDefault: 'Выбрать другой',
  users: 'Используют',
  nobody: 'Никто',
  more: (n) => `ещё ${n}`,
  restored: 'Здесь то, что вы набрали раньше и не сохранили.',
  startOver: 'Начать заново',
  name: 'Имя',
  nameHelp: 'Как его называет Forge: строчные латинские буквы, цифры и дефисы.',
  url: 'Адрес',
  username: 'Имя пользователя',
  password: 'Пароль или токен',
  anonymous: 'Без входа',
  secretKept: 'Хранится',
  secretGoes: 'Исчезнет при сохранении',
  secretKeep: 'Оставить',
  secretReplace: 'Заменить',
  secretRemove: 'Убрать',

  which: 'Какой реестр',
  flavour: { docker_hub: 'Docker Hub', ghcr: 'GitHub', gitea: 'Gitea', oci: 'Другой' },
  flavourHelp: {
    docker_hub: 'Открытые образы доступны без входа, но с меньшим лимитом. Пароль — токен доступа.',
    ghcr: 'Пароль — личный токен доступа (classic) с правом read:packages.',
    gitea: 'Gitea, Forgejo или Codeberg. Пароль — токен с правом read:package.',
    oci: 'Любой реестр с Distribution API: Harbor, Quay, GitLab, ваш собственный.',
  },
  registryUrlHelp: 'Схема и хост, без пути. http:// безопасен только на этой машине.',
  authorities: 'Подписан вашим собственным центром',
  hasAuthorities: 'Свой центр',
  pem: 'Сертификаты центров (PEM)',
  pemHelp:
    'Им доверяют для этого реестра, наряду с обычными. Они нужны и самому Docker, чтобы загружать: /etc/docker/certs.d/HOST:PORT/ca.crt.',
  pemFile: 'Выбрать файл',
  login: 'Вход',
  polling: 'Опрос',
  every: (span) => `раз в ${span}`,
  never: 'никогда',
  last: 'последний',
  next: (span) => `следующий через ${span}`,
  pollNow: 'Посмотреть сейчас',
  polled: (tags, repositories, fresh) =>
    `Просмотрено: ${count(tags, 'тег', 'тега', 'тегов')}, ${count(repositories, 'образ', 'образа', 'образов')}; ${fresh ? `новых: ${number(fresh)}` : 'нового нет'}`,
  interval: 'Смотреть раз в',
  intervalHelp: '0 — никогда: о новых тегах расскажут только вебхуки.',
  unit: (label) => `Единица: «${label}»`,
  hours: 'часы',
  minutes: 'минуты',
  seconds: 'секунды',
  parallel: 'Запросов одновременно',
  parallelHelp: 'Сколько Forge отправляет сразу, от 1 до 32.',
  quota: 'Лимит запросов',
  quotaUnasked: 'ещё не спрашивали',
  quotaNone: 'не назван',
  quotaLeft: (left) => `осталось ${number(left)}`,
  quotaOf: (left, limit) => `осталось ${number(left)} из ${number(limit)}`,
  quotaPer: (span) => `за ${span}`,
  quotaUntil: (span) => `исчерпан: следующий запрос через ${span}`,
  tags: 'Теги',
  tagsOf: (name) => `Теги в ${name}`,
  image: 'Образ',
  listTags: 'Показать теги',
  noTags: 'Не удалось получить теги',
  tagsEmpty: 'У этого образа нет тегов.',
  tagCount: (shown, all) =>
    shown === all
      ? count(all, 'тег', 'тега', 'тегов')
      : `${number(shown)} из ${count(all, 'тега', 'тегов', 'тегов')}`,
  filterTags: 'Фильтр тегов',
  tooManyTags: (n) => `Ещё ${number(n)} не показано: отфильтруйте.`,
  copyTag: (tag) => `Скопировать ${tag}`,
  tagCopied: (tag) => `Скопировано: ${tag}`,

  proxyKindLabel: 'Что приводит людей к экземпляру',
  proxyKind: {
    npm: 'Nginx Proxy Manager',
    caddy: 'Caddy',
    traefik: 'Traefik',
    published: 'Порты машины',
  },
  proxyKindHelp: {
    npm: 'Прокси-хост для каждого домена, через его API. Forge трогает только свои хосты и те, что ему велели взять.',
    caddy: 'Домен для каждой стадии. Forge обращается к API управления Caddy и трогает только свои маршруты.',
    traefik: 'Файл для каждого домена в папке, за которой следит файловый провайдер Traefik.',
    published: 'Без прокси: у каждого экземпляра порт этой машины, после каждого развёртывания новый.',
  },
  adminUrl: 'API управления',
  adminUrlHelp: {
    npm: 'Где его собственные страницы, как их видит Forge: обычно порт 81.',
    caddy: 'Где слушает API управления Caddy, как его видит Forge.',
    traefik: 'Где слушает API Traefik, как его видит Forge. Forge его только читает.',
  },
  botHelp: 'Почта пользователя, заведённого для Forge, без двухфакторного входа.',
  proxyPassword: 'Пароль',
  address: 'Адрес для людей',
  addressHelp:
    'Где прокси слушает людей, как его видит Forge: там Forge проверяет, что переключение подействовало.',
  moreOptions: 'Нужно редко',
  option: {
    server: {
      label: 'Сервер в Caddy',
      help: 'Только если на этом порту их несколько; пусто — Forge найдёт сам.',
    },
    reach: {
      label: 'Эта машина, как её видит прокси',
      help: 'Пусто, если прокси не в контейнере; иначе адрес моста Docker, чаще всего 172.17.0.1.',
    },
    tls_address: {
      label: 'Адрес для https',
      help: 'Пусто — тот же хост, порт 443. Здесь Forge проверяет, когда людей ведут на https.',
    },
    email: {
      label: 'Почта для Let’s Encrypt',
      help: 'Только до версии 2.12; пусто — имя пользователя.',
    },
    dns_provider: {
      label: 'DNS-провайдер',
      help: 'Для certificate=dns: как его называет прокси, например cloudflare.',
    },
    dns_credentials: {
      label: 'Переменная с его ключами',
      help: 'Имя переменной окружения самого Forge. Сами ключи нигде не хранятся.',
    },
    directory: {
      label: 'Папка под наблюдением',
      help: 'Папка файлового провайдера Traefik, как её видит Forge, например /etc/traefik/forge.',
    },
    entrypoints: { label: 'Точки входа', help: 'web,websecure. Пусто — те, что Traefik берёт сам.' },
  },
  noAddress: 'нет адреса для людей',
  publishedAddress: 'порт этой машины у каждого экземпляра',
  default: 'Для новых проектов',
  makeDefault: 'Использовать для новых проектов',
  defaultIs: (name) => `Новые проекты получат ${name}`,

  engineUrlHelp:
    'unix:///var/run/docker.sock или tcp://127.0.0.1:2375. Пусто: как в DOCKER_HOST, иначе обычный сокет этой машины. Движки на других машинах пока не поддерживаются.',
  fromEnvironment: 'как сказано в окружении',
  dockerVersion: 'Docker',
  apiForge: 'Версия API сейчас',
  apiEngine: 'Версии API движка',
  range: (from, to) => `от ${from} до ${to}`,
  instances: 'Экземпляры',
};
