/** Activity, sightings and deliveries, and what lists by pages share. */
type Deployed = { tag: string; kind: string };
const verb = ({ kind }: Deployed, deploy: string, back: string, promote: string) =>
  kind === 'rollback' ? back : kind === 'promote' ? promote : deploy;

export const past = {
  // lists
  filter: 'Filter',
  project: 'Project',
  allProjects: 'All projects',
  stage: 'Stage',
  allStages: 'All stages',
  older: 'Show older ones',
  noneMatch: 'Nothing matches the filter.',
  today: 'Today',
  yesterday: 'Yesterday',

  // activity
  activity: 'Activity',
  allActivity: 'All of it',
  kind: 'Kind',
  everyKind: 'All kinds',
  kinds: {
    deploys: 'Deploys',
    instances: 'Instances',
    sightings: 'Tags seen',
    deliveries: 'Deliveries',
    projects: 'Projects and stages',
    setup: 'Connections and settings',
    people: 'People and tokens',
  } as Record<string, string>,
  who: 'Who',
  anybody: 'Anybody',
  everything: 'In detail',
  everythingWhy: 'Also what a deploy does to instances, and deliveries that led to nothing',
  nothingYet: 'Nothing has happened yet.',
  nothingHow: 'Deploys, tags that were seen and what people did appear here as they happen.',
  deploy: {
    queued: (it: Deployed, place: string) =>
      `${it.tag} is queued ${verb(it, 'for', 'to roll back', 'to be promoted to')} ${place}`,
    running: (it: Deployed, place: string) =>
      verb(
        it,
        `${it.tag} is going to ${place}`,
        `${place} is going back to ${it.tag}`,
        `${it.tag} is being promoted to ${place}`,
      ),
    reverting: (it: Deployed, place: string) => `${it.tag} is being taken back from ${place}`,
    succeeded: (it: Deployed, place: string) =>
      verb(
        it,
        `${it.tag} is live on ${place}`,
        `${place} was rolled back to ${it.tag}`,
        `${it.tag} was promoted to ${place}`,
      ),
    failed: (it: Deployed, place: string) => `${it.tag} failed on ${place}`,
    stuck: (it: Deployed, place: string) => `${it.tag} is stuck on ${place}`,
    cancelled: (it: Deployed, place: string) => `${it.tag} to ${place} was cancelled`,
    superseded: (it: Deployed, place: string) => `${it.tag} to ${place} gave way to a newer one`,
  },
  instance: {
    starting: (tag: string, place: string) => `${tag} is starting on ${place}`,
    running: (tag: string, place: string) => `${tag} runs on ${place}`,
    unhealthy: (tag: string, place: string) => `${tag} on ${place} is unhealthy`,
    stopped: (tag: string, place: string) => `${tag} stopped on ${place}`,
    missing: (tag: string, place: string) => `${tag} on ${place} is missing`,
    removed: (tag: string, place: string) => `${tag} was removed from ${place}`,
  },
  seen: (tag: string, place: string, decision: string) =>
    `${tag} was seen for ${place}: ${decision.toLowerCase()}`,
  delivered: (vendor: string, decision: string) => `A delivery of ${vendor}: ${decision}`,
  changed: (name: string, isStage: boolean, change: string) =>
    `${isStage ? 'Stage' : 'Project'} ${name} was ${change === 'created' ? 'made' : change}`,
  connection: (kind: string, name: string, change: string) =>
    change === 'down'
      ? `${kind} ${name} does not answer`
      : change === 'back'
        ? `${kind} ${name} answers again`
        : `${kind} ${name} was ${change}`,
  settings: (names: string) => `Settings were changed: ${names}`,

  // sightings
  sightings: 'Sightings',
  sightingsWhat: 'Which tags registries told of or the poller found, what was decided about each, and why.',
  views: 'What to look at',
  tags: 'Tags seen',
  deliveries: 'Deliveries',
  waiting: 'Waits for an answer',
  approve: 'Deploy it',
  approveTitle: (tag: string, place: string) => `Deploy ${tag} to ${place}?`,
  approveDo: 'Deploy it',
  dismiss: 'Dismiss…',
  dismissTitle: (tag: string, place: string) => `Dismiss ${tag} for ${place}?`,
  dismissBody: (tag: string) =>
    `This image is not offered here again. Another push of ${tag} is, and by hand it can still be deployed.`,
  dismissDo: 'Dismiss it',
  dismissed: (tag: string, place: string) => `${tag} was dismissed for ${place}`,
  due: (time: string) => `decided again on ${time}`,
  decided: 'Decision',
  anyDecision: 'Any decision',
  decision: {
    deploy: 'Deploy queued',
    noted: 'Noted',
    waiting: 'Waits',
    held: 'Held',
    ignored: 'Ignored',
    quarantined: 'Quarantined',
    current: 'Serves already',
    superseded: 'Superseded',
    refused: 'Refused',
    looking: 'Looking',
    known: 'Known already',
    ping: 'Works',
    failed: 'Failed',
    invalid: 'Not understood',
  } as Record<string, string>,
  source: { webhook: 'webhook', poller: 'poller' } as Record<string, string>,
  noSightings: 'No tag was seen yet',
  noSightingsHow:
    'Tags appear here when a registry tells of a push, or when the poller finds one that a stage takes.',

  // deliveries
  vendor: {
    forge: 'Forge’s own shape',
    distribution: 'a registry',
    docker_hub: 'Docker Hub',
    github: 'GitHub',
    gitea: 'Gitea',
    harbor: 'Harbor',
    quay: 'Quay',
  } as Record<string, string>,
  unknownSender: 'somebody unknown',
  signature: { valid: 'signed', none: 'not signed', invalid: 'wrong signature' } as Record<string, string>,
  idle: 'Pulls and blobs too',
  idleWhy: 'Registries also tell of pulls and of single layers: nothing to look at',
  moreImages: (n: number) => `and ${n} more`,
  details: (id: number) => `What came with delivery #${id}`,
  cameAt: (time: string) => `Came ${time}`,
  headers: 'Headers',
  body: 'Body',
  replay: 'Replay',
  replayOf: (id: number) => `replay of #${id}`,
  replayTitle: (id: number) => `Replay delivery #${id}?`,
  replayBody: (images: string) =>
    `Forge asks the registry about ${images} again, as if it had come now. What a stage takes is deployed.`,
  replayUnsigned: 'Its signature is wrong: you vouch for it.',
  replayDo: 'Replay it',
  replayed: (reason: string) => `Replayed. ${reason}`,
  noDeliveries: 'No delivery came yet',
  noDeliveriesHow:
    'Enter the webhook’s address at your registry: it is in the settings, and “forge webhook show” prints it.',
  noDeliveriesAsk: 'Somebody who may change the settings can enter the webhook’s address at your registry.',

  // palette
  recent: 'Recent',
  openDeploy: (id: number) => `Open deploy #${id}`,
  answerTo: (tag: string, place: string) => `Answer: ${tag} for ${place}`,
};
