/** What the list of deploys is narrowed to, as the address has it, as Forge is asked, and as an event is held to it. */
import type { Deploy, DeployStatus } from '#lib/api/types.ts';

export interface Narrow {
  project: string;
  stage: string;
  outcome: Outcome | '';
}

/** Statuses as people look for them. */
export const OUTCOMES = {
  underway: ['queued', 'running', 'reverting'],
  succeeded: ['succeeded'],
  failed: ['failed', 'stuck'],
  dropped: ['cancelled', 'superseded'],
} satisfies Record<string, DeployStatus[]>;
export type Outcome = keyof typeof OUTCOMES;

export const isOutcome = (text: string | null): text is Outcome => text !== null && text in OUTCOMES;

export function fits(narrow: Narrow, deploy: Deploy): boolean {
  if (narrow.project && deploy.project !== narrow.project) return false;
  if (narrow.stage && deploy.stage !== narrow.stage) return false;
  return !narrow.outcome || (OUTCOMES[narrow.outcome] as DeployStatus[]).includes(deploy.status);
}

export function queryOf({ project, stage, outcome }: Narrow) {
  return {
    ...(project ? { project } : {}),
    ...(stage ? { stage } : {}),
    ...(outcome ? { status: OUTCOMES[outcome] as DeployStatus[] } : {}),
  };
}

/** Seconds that a deploy ran; null while it does, and if it never began. */
export const seconds = (deploy: Deploy): number | null =>
  deploy.started !== null && deploy.ended !== null ? deploy.ended - deploy.started : null;
