/** Why deploys of a stage run as they do, in the language of whoever looks; a reason not known here is told as it came. */
import type { Stage } from '#lib/api/types.ts';
import { t } from '#lib/i18n/words.svelte.ts';

const PORT = /^two instances cannot both publish port (\d+)$/;
const VOLUME = /^the volume at (.+) is exclusive$/;

export function reasonOf({ strategy, strategy_reason }: Pick<Stage, 'strategy' | 'strategy_reason'>): string {
  if (strategy === 'side_by_side') return t.settingup.whySideBySide;
  const port = PORT.exec(strategy_reason)?.[1];
  if (port) return t.settingup.whyPort(port);
  const path = VOLUME.exec(strategy_reason)?.[1];
  return path ? t.settingup.whyVolume(path) : strategy_reason;
}
