/** События, замеченные теги и доставки, и общее для списков по страницам. */
import type { Words } from '../en.ts';

type Deployed = { tag: string; kind: string };
const verb = ({ kind }: Deployed, deploy: string, back: string, promote: string) =>
  kind === 'rollback' ? back : kind === 'promote' ? promote : deploy;
const CHANGES: Record<string, [string, string]> = {
  created: ['создан', 'создана'],
  changed: ['изменён', 'изменена'],
  deleted: ['удалён', 'удалена'],
};
const CONNECTION_CHANGES: Record<string, string> = {
  down: 'не отвечает',
  back: 'снова отвечает',
  changed: 'настройки изменены',
  deleted: 'больше не подключён',
};

export const past: Words['past'] = {
  filter: 'Фильтр',
  project: 'Проект',
  allProjects: 'Все проекты',
  stage: 'Стадия',
  allStages: 'Все стадии',
  older: 'Показать более ранние',
  noneMatch: 'Под фильтр ничего не подходит.',
  today: 'Сегодня',
  yesterday: 'Вчера',

  activity: 'События',
  allActivity: 'Все',
  kind: 'Вид',
  everyKind: 'Любые',
  kinds: {
    deploys: 'Развёртывания',
    instances: 'Экземпляры',
    sightings: 'Замеченные теги',
    deliveries: 'Доставки',
    projects: 'Проекты и стадии',
    setup: 'Подключения и настройки',
    people: 'Люди и токены',
  },
  who: 'Кто',
  anybody: 'Кто угодно',
  everything: 'Подробно',
  everythingWhy: 'Показать и то, что развёртывания делают с экземплярами, и доставки без последствий',
  nothingYet: 'Пока ничего не произошло.',
  nothingHow: 'Развёртывания, замеченные теги и действия людей появляются здесь сразу.',
  deploy: {
    queued: (it, place) =>
      verb(
        it,
        `${it.tag} в очереди на ${place}`,
        `Откат ${place} к ${it.tag} в очереди`,
        `Продвижение ${it.tag} на ${place} в очереди`,
      ),
    running: (it, place) =>
      verb(
        it,
        `${it.tag} развёртывается на ${place}`,
        `${place} откатывается к ${it.tag}`,
        `${it.tag} продвигается на ${place}`,
      ),
    reverting: (it, place) => `Развёртывание ${it.tag} на ${place} отменяется`,
    succeeded: (it, place) =>
      verb(
        it,
        `${it.tag} работает на ${place}`,
        `На ${place} возвращён ${it.tag}`,
        `${it.tag} продвинут на ${place}`,
      ),
    failed: (it, place) => `Не удалось развернуть ${it.tag} на ${place}`,
    stuck: (it, place) => `${it.tag} на ${place} застрял`,
    cancelled: (it, place) => `Развёртывание ${it.tag} на ${place} отменено`,
    superseded: (it, place) => `${it.tag} на ${place} уступил более новому`,
  },
  instance: {
    starting: (tag, place) => `${tag} запускается на ${place}`,
    running: (tag, place) => `${tag} работает на ${place}`,
    unhealthy: (tag, place) => `${tag} на ${place} нездоров`,
    stopped: (tag, place) => `${tag} остановлен на ${place}`,
    missing: (tag, place) => `${tag} на ${place} пропал`,
    removed: (tag, place) => `${tag} удалён с ${place}`,
  },
  seen: (tag, place, decision) => `${tag} замечен для ${place}: ${decision.toLowerCase()}`,
  delivered: (vendor, decision) => `Доставка (${vendor}): ${decision}`,
  changed: (name, isStage, change) =>
    `${isStage ? 'Стадия' : 'Проект'} ${name}: ${CHANGES[change]?.[isStage ? 1 : 0] ?? change}`,
  connection: (kind, name, change) => `${kind} ${name}: ${CONNECTION_CHANGES[change] ?? change}`,
  settings: (names) => `Изменены настройки: ${names}`,

  sightings: 'Замеченное',
  sightingsWhat: 'О каких тегах сообщили реестры и какие нашёл опрос, что решено о каждом и почему.',
  views: 'Что показать',
  tags: 'Теги',
  deliveries: 'Доставки',
  waiting: 'Ждёт ответа',
  approve: 'Развернуть',
  approveTitle: (tag, place) => `Развернуть ${tag} на ${place}?`,
  approveDo: 'Развернуть',
  dismiss: 'Отклонить…',
  dismissTitle: (tag, place) => `Отклонить ${tag} для ${place}?`,
  dismissBody: (tag) =>
    `Этот образ здесь больше не предложат. Если ${tag} отправят заново, предложат; вручную его развернуть можно.`,
  dismissDo: 'Отклонить',
  dismissed: (tag, place) => `${tag} отклонён для ${place}`,
  due: (time) => `решится снова ${time}`,
  decided: 'Решение',
  anyDecision: 'Любое решение',
  decision: {
    deploy: 'В очереди',
    noted: 'Отмечено',
    waiting: 'Ждёт',
    held: 'Придержано',
    ignored: 'Пропущено',
    quarantined: 'В карантине',
    current: 'Уже работает',
    superseded: 'Вытеснено',
    refused: 'Отклонено',
    looking: 'Проверяется',
    known: 'Уже известно',
    ping: 'Связь есть',
    failed: 'Не удалось',
    invalid: 'Непонятно',
  },
  source: { webhook: 'вебхук', poller: 'опрос' },
  noSightings: 'Тегов пока не замечено',
  noSightingsHow:
    'Они появляются, когда реестр сообщает об отправке или опрос находит тег, который берёт стадия.',

  vendor: {
    forge: 'формат Forge',
    distribution: 'реестр',
    docker_hub: 'Docker Hub',
    github: 'GitHub',
    gitea: 'Gitea',
    harbor: 'Harbor',
    quay: 'Quay',
  },
  unknownSender: 'неизвестно кто',
  signature: { valid: 'подписана', none: 'без подписи', invalid: 'подпись неверна' },
  idle: 'Также скачивания и слои',
  idleWhy: 'Реестры сообщают и о скачиваниях, и об отдельных слоях: проверять там нечего',
  moreImages: (n) => `и ещё ${n}`,
  details: (id) => `Что пришло с доставкой #${id}`,
  cameAt: (time) => `Пришла ${time}`,
  headers: 'Заголовки',
  body: 'Тело',
  replay: 'Повторить',
  replayOf: (id) => `повтор #${id}`,
  replayTitle: (id) => `Повторить доставку #${id}?`,
  replayBody: (images) =>
    `Forge снова спросит реестр о ${images}, как будто доставка пришла сейчас. Что берёт стадия, будет развёрнуто.`,
  replayUnsigned: 'Её подпись неверна: вы за неё ручаетесь.',
  replayDo: 'Повторить',
  replayed: (reason) => `Повторено. ${reason}`,
  noDeliveries: 'Доставок пока не было',
  noDeliveriesHow:
    'Укажите в реестре адрес вебхука: он есть в настройках, его печатает и «forge webhook show».',
  noDeliveriesAsk: 'Тот, кому доступны настройки, может указать адрес вебхука в реестре.',

  recent: 'Недавнее',
  openDeploy: (id) => `Открыть развёртывание #${id}`,
  answerTo: (tag, place) => `Ответить: ${tag} для ${place}`,
};
