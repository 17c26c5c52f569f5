/** Several instances of one digest: in a stage's settings, on the board, in a deploy. */
export const replicas = {
  field: 'Replicas',
  fieldHint:
    'Instances of one tag that answer for one domain, in turn. Caddy and Traefik can lead to several.',
  list: 'Replicas',
  /** Of those that should be there, how many are well. */
  well: (n: number, all: number) => `${n} of ${all}`,
  wellSaid: (n: number, all: number) => `${n} of ${all} replicas are well`,
  number: (n: number) => `#${n}`,
  numberSaid: (n: number) => `Replica ${n}`,
  /** A step of a deploy, or all steps, of one of several. */
  step: (step: string, n: number, all: number) => `${step} ${n} of ${all}`,
  row: (n: number, all: number) => `replica ${n} of ${all}`,
  actions: (n: number, tag: string) => `Actions for replica ${n} of ${tag}`,
  stopBody: (place: string) =>
    `People are led to the other replicas of ${place} first. Nothing is lost: it can be started again.`,
  removeBody: (place: string) =>
    `Its container goes, and what it wrote outside of volumes. The other replicas of ${place} serve on; the next deploy makes a new one.`,
  fewer: (all: number) => `The next deploy brings it to ${all}`,
};
