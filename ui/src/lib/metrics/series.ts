/** The lines of a chart: which colour belongs to which stage, and which of many are shown at first. */
import type { InstanceMetrics } from '#lib/api/types.ts';
import type { Line } from './figures.ts';

export interface Series {
  id: string;
  label: string;
  line: Line;
  /** Colour as a class; every second turn through the colours is dashed. */
  look: string;
  dashed: boolean;
}

export interface Look {
  look: string;
  dashed: boolean;
}

const LOOKS = ['text-info', 'text-accent', 'text-(--a-magenta)', 'text-fg'];
/** Lines that a chart can carry and still be read. */
export const FEW = 6;

export function lookOf(place: number): Look {
  return { look: LOOKS[place % LOOKS.length]!, dashed: Math.floor(place / LOOKS.length) % 2 === 1 };
}

const stageOf = (one: InstanceMetrics) => `${one.project}/${one.stage}`;

/** Their stages, the busiest first. */
const stagesOf = (instances: InstanceMetrics[]) => [...new Set(instances.map(stageOf))];

/**
 * A stage keeps its colour over its instances: a deploy is where one line ends and the next begins. Those that are
 * shown at first all look different.
 */
export function looks(instances: InstanceMetrics[]): Map<string, Look> {
  const stages = stagesOf(instances);
  const places = [...stages.slice(0, FEW).sort(), ...stages.slice(FEW)];
  return new Map(instances.map((one) => [one.instance, lookOf(places.indexOf(stageOf(one)))]));
}

/** What a line is called; two of the same stage and tag are told apart by their ids. */
export function labels(instances: InstanceMetrics[]): Map<string, string> {
  const name = (one: InstanceMetrics) => `${one.project}/${one.stage} ${one.tag}`;
  const several = (one: InstanceMetrics) => instances.filter((other) => name(other) === name(one)).length > 1;
  return new Map(
    instances.map((one) => [one.instance, several(one) ? `${name(one)} ${one.instance}` : name(one)]),
  );
}

/** The instances of the busiest stages. */
export function first(instances: InstanceMetrics[]): Set<string> {
  const few = stagesOf(instances).slice(0, FEW);
  return new Set(instances.filter((one) => few.includes(stageOf(one))).map((one) => one.instance));
}
