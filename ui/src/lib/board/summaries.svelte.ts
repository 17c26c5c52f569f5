/**
 * What the lists of all projects show of each, worked out anew only for the project that changed: with 200 of them
 * and many events a second anything else would hold the page up.
 */
import { board } from '#lib/state/forge.svelte.ts';
import { WORST_FIRST, type Mark } from '#lib/status.ts';
import { cards } from './cards.ts';

export class Summary {
  readonly name: string;
  readonly stages = $derived.by(() => board.stagesOf(this.name));
  readonly mark = $derived.by(() => board.markOfProject(this.name));
  readonly #read = $derived.by(() => read(this.name));

  constructor(name: string) {
    this.name = name;
  }

  /** Of every card, and once more for a deploy that failed above what serves. */
  get marks(): Mark[] {
    return this.#read.marks;
  }

  /** By which it is found, in lower case. */
  get words(): string {
    return this.#read.words;
  }
}

const kept = new Map<string, { summary: Summary; end: () => void }>();
const order = new Intl.Collator();

function summaryOf(name: string): Summary {
  const found = kept.get(name);
  if (found) return found.summary;
  let summary: Summary;
  // a root of its own: it outlives the list that asked first
  const end = $effect.root(() => void (summary = new Summary(name)));
  kept.set(name, { summary: summary!, end });
  return summary!;
}

/** All projects, in no order. */
export function summaries(): Summary[] {
  for (const [name, { end }] of kept)
    if (!board.projects.has(name)) {
      end();
      kept.delete(name);
    }
  return [...board.projects.keys()].map(summaryOf);
}

/** The worst first, then by name. */
export function worstFirst(one: Summary, other: Summary): number {
  return (
    WORST_FIRST.indexOf(one.mark) - WORST_FIRST.indexOf(other.mark) || order.compare(one.name, other.name)
  );
}

function read(name: string): { marks: Mark[]; words: string } {
  const marks: Mark[] = [];
  const words = [name, board.projects.get(name)?.image ?? ''];
  for (const stage of board.stagesOf(name)) {
    const key = `${name}/${stage.name}`;
    const shown = cards(board.instancesOf(key), board.underWay(key));
    marks.push(...shown.map((card) => card.mark));
    const newest = board.newestDeploy(key);
    if (newest?.status === 'failed' || newest?.status === 'stuck') marks.push('failed');
    words.push(key, ...shown.map((card) => card.instance?.tag ?? card.deploy?.tag ?? ''));
    words.push(...shown.map((card) => `${card.instance?.id ?? ''} ${card.instance?.domain ?? ''}`));
  }
  return { marks, words: words.join(' ').toLowerCase() };
}
