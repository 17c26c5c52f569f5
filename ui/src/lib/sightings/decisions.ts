/** What decisions look like: those about sightings, and the few more that a delivery can have. */
import type { Mark } from '#lib/status.ts';

export const DECISIONS = [
  'deploy',
  'waiting',
  'held',
  'noted',
  'current',
  'superseded',
  'quarantined',
  'ignored',
  'refused',
] as const;

const MARKS: Record<string, Mark> = {
  deploy: 'running',
  waiting: 'queued',
  held: 'queued',
  noted: 'unknown',
  current: 'stopped',
  superseded: 'stopped',
  quarantined: 'degraded',
  ignored: 'stopped',
  refused: 'stopped',
  // of deliveries only
  looking: 'deploying',
  known: 'stopped',
  ping: 'running',
  failed: 'failed',
  invalid: 'failed',
};

export const markOfDecision = (decision: string): Mark => MARKS[decision] ?? 'unknown';
