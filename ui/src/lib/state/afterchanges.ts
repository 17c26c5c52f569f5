/** What is told of a project beside the board, asked for anew whenever that may have changed. */
import type { Frame } from '#lib/live/live.svelte.ts';

const SETTLE = 400; // milliseconds in which several reasons become one
const CHANGES = ['project_changed', 'deploy_status', 'instance_status'];

/** What hears the stream's frames, and calls `load` a moment after something of `project` changed; one at a time. */
export function afterChanges(project: string, load: () => Promise<void>): (frame: Frame) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = Promise.resolve();
  return ({ type, payload }) => {
    if (!CHANGES.includes(type) || payload.project !== project) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      last = last.then(load);
    }, SETTLE);
  };
}
