/** Forge's own types by their own names; made from its description, see schema.d.ts. */
import type { components } from './schema.d.ts';

type Schemas = components['schemas'];

export type Project = Schemas['ProjectView'];
export type Stage = Schemas['StageView'];
export type Instance = Schemas['InstanceView'];
export type InstanceStatus = Schemas['InstanceStatus'];
export type Deploy = Schemas['Deploy'];
export type DeployView = Schemas['DeployView'];
export type DeployStatus = Schemas['DeployStatus'];
export type Step = Schemas['StepRecord'];
export type DeployLine = Schemas['DeployLine'];
export type LogLine = Schemas['LogLine'];
export type Explanation = Schemas['Explanation'];
export type Part = Schemas['PartHealth'];
export type Who = Schemas['Who'];
export type Registry = Schemas['RegistryView'];
export type Proxy = Schemas['ProxyView'];
export type Engine = Schemas['EngineView'];
export type Quota = Schemas['Quota'];
export type PollState = Schemas['PollState'];
export type TestAnswer = Schemas['TestAnswer'];
export type Settings = Schemas['Settings'];
export type Backups = Schemas['Backups'];
export type KeptBackup = Schemas['KeptBackup'];
export type MetricsNow = Schemas['MetricsNow'];
export type MachineNow = Schemas['MachineNow'];
export type InstanceNow = Schemas['InstanceNow'];
export type MetricsHistory = Schemas['MetricsHistory'];
export type InstanceMetrics = Schemas['InstanceMetrics'];

/** A layer of a pull, also as `deploy_progress` tells it. */
export type Layer = Schemas['LayerProgress'];

export interface ProbeResult {
  at: number;
  healthy: boolean | null;
  text: string;
}

/** What was kept of a failed candidate before it was removed. */
export interface LastWords {
  status: string;
  exit_code: number | null;
  out_of_memory: boolean;
  restarts: number;
  lines: LogLine[];
  probes: ProbeResult[];
}

export type NewProxy = Schemas['NewProxy'];
export type NewProject = Schemas['NewProject'];
export type AdoptWish = Schemas['AdoptWish'];
export type Suggestion = Schemas['Suggestion'];
export type Container = Schemas['ContainerView'];
export type AdoptPlan = Schemas['AdoptPlan'];
export type Found = Schemas['Found'];
export type Sighting = Schemas['Sighting'];
export type Decision = Schemas['Decision'];
export type Receipt = Schemas['ReceiptLine'];
export type WholeReceipt = Schemas['ReceiptView'];

/** What happened; `payload` by `type`, as the stream sends it. */
export type Happening = Omit<Schemas['Event'], 'payload'> & { payload: any };

export type Notification = Schemas['NotificationView'];
export type ChangedNotification = Schemas['ChangedNotification'];
export type NotificationDelivery = Schemas['DeliveryView'];
export type Occasion = Schemas['Occasion'];
export type SendAnswer = Schemas['SendAnswer'];

export type Me = Schemas['Me'];
export type Person = Schemas['PersonView'];
export type SessionView = Schemas['SessionView'];
export type Token = Schemas['TokenView'];
export type MadeToken = Schemas['MadeToken'];
export type NewToken = Schemas['NewToken'];
