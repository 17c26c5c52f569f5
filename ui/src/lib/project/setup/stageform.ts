/** A stage's settings as a form, and back: all of them, because what is sent replaces what was. */
import type { Stage } from '#lib/api/types.ts';
import type { components } from '#lib/api/schema.d.ts';
import { t } from '#lib/i18n/words.svelte.ts';
import { reader, type SentBack } from './projectform.ts';
import { parseSpan, writeSpan } from './units.ts';
import { sentVariables, variablesOf, withoutSecrets, type Faults, type Variable } from './variables.ts';

export type ChangedStage = components['schemas']['ChangedStage'];
export type PatternKind = 'glob' | 'regex' | 'semver';

export interface StageForm {
  name: string;
  kind: PatternKind;
  /** The pattern without its kind. */
  pattern: string;
  auto_deploy: boolean;
  max_instances: string;
  replicas: string;
  promote_from: string;
  promote_after: string;
  mode: components['schemas']['UpdateMode'];
  window: string;
  minimum_age: string;
  variables: Variable[];
  domain: string;
  publish: string;
  keep: string;
  /** Empty: what the stage's name makes it. */
  bake: string;
  tolerance: { share: string; least: string };
  drain: string;
  stop_timeout: string;
}

/** What Forge makes of a stage of which nothing is said. */
export const NEW_STAGE: StageForm = {
  name: '',
  kind: 'glob',
  pattern: '',
  auto_deploy: true,
  max_instances: '1',
  replicas: '1',
  promote_from: '',
  promote_after: '',
  mode: 'auto',
  window: '',
  minimum_age: '',
  variables: [],
  domain: '',
  publish: '',
  keep: '5',
  bake: '',
  tolerance: { share: '5', least: '3' },
  drain: '2 s',
  stop_timeout: '10 s',
};

export function stageForm(stage: Stage): StageForm {
  const [, kind, pattern] = /^(glob|regex|semver):(.*)$/s.exec(stage.pattern) ?? [
    null,
    'glob',
    stage.pattern,
  ];
  return {
    name: stage.name,
    kind: kind as PatternKind,
    pattern: pattern!,
    auto_deploy: stage.auto_deploy,
    max_instances: String(stage.max_instances),
    replicas: String(stage.replicas),
    promote_from: stage.promote_from ?? '',
    promote_after: stage.promote_after ? writeSpan(stage.promote_after) : '',
    mode: stage.update?.mode ?? 'auto',
    window: stage.update?.window ?? '',
    minimum_age: stage.update?.minimum_age ? writeSpan(stage.update.minimum_age) : '',
    variables: variablesOf(stage.environment, stage.secrets),
    domain: stage.domain ?? '',
    publish: stage.publish === null ? '' : String(stage.publish),
    keep: String(stage.keep),
    bake: writeSpan(stage.bake),
    tolerance: {
      share: String(stage.tolerance?.share ?? 5),
      least: String(stage.tolerance?.least ?? 3),
    },
    drain: writeSpan(stage.drain),
    stop_timeout: writeSpan(stage.stop_timeout),
  };
}

export const patternOf = (form: Pick<StageForm, 'kind' | 'pattern'>): string =>
  `${form.kind}:${form.pattern.trim()}`;

/** What is sent to make `stage` (null: a new one) as the form says, and what in the form cannot be sent. */
export function sentStage(form: StageForm, stage: Stage | null): { body: ChangedStage; faults: Faults } {
  const { environment, secrets, faults } = sentVariables(form.variables, stage?.secrets ?? []);
  const read = reader(faults);
  const number = (field: keyof StageForm & string, or: number) =>
    read(field, form[field] as string, Number, t.settingup.notNumber) ?? or;
  const span = (field: keyof StageForm & string, or: number) =>
    read(field, form[field] as string, parseSpan, t.settingup.notSpan) ?? or;
  if (!stage && !form.name.trim()) faults.name = t.settingup.noName;
  if (!form.pattern.trim()) faults.pattern = t.settingup.noPattern;
  const body: ChangedStage = {
    ...(stage ? settingsOf(stage) : {}),
    pattern: patternOf(form),
    auto_deploy: form.auto_deploy,
    max_instances: number('max_instances', 1),
    replicas: number('replicas', 1),
    promote_from: form.promote_from || null,
    promote_after: form.promote_from ? span('promote_after', 0) : 0,
    environment,
    secrets,
    domain: form.domain.trim() || null,
    update: {
      mode: form.mode,
      window: form.mode === 'window' ? form.window.trim() || null : null,
      minimum_age: read('update.minimum_age', form.minimum_age, parseSpan, t.settingup.notSpan) ?? 0,
    },
    publish: read('publish', form.publish, Number, t.settingup.notNumber),
    keep: number('keep', 5),
    bake: read('bake', form.bake, parseSpan, t.settingup.notSpan),
    tolerance: {
      share: read('tolerance.share', form.tolerance.share, Number, t.settingup.notNumber) ?? 5,
      least: read('tolerance.least', form.tolerance.least, Number, t.settingup.notNumber) ?? 3,
    },
    drain: span('drain', 2),
    stop_timeout: span('stop_timeout', 10),
  };
  return { body, faults };
}

/** Settings, also those that the form does not know. */
function settingsOf(stage: Stage) {
  const {
    project: _project,
    name: _name,
    address: _address,
    strategy: _strategy,
    strategy_reason: _reason,
    instances: _instances,
    last_deploy: _deploy,
    ...rest
  } = stage;
  const unknown: SentBack<typeof rest, ChangedStage> = rest;
  return unknown;
}

export const keptStage = (form: StageForm): StageForm => ({
  ...form,
  variables: withoutSecrets(form.variables),
});
