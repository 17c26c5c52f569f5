/**
 * The screens of the main navigation, in order. A screen is named here when it is built, and not before: the side
 * bar, the bottom bar of a phone and the command palette are made of this list.
 */
import Activity from '@lucide/svelte/icons/activity';
import Chart from '@lucide/svelte/icons/chart-line';
import PackageOpen from '@lucide/svelte/icons/package-open';
import Plug from '@lucide/svelte/icons/plug';
import Plus from '@lucide/svelte/icons/plus';
import Sightings from '@lucide/svelte/icons/radar';
import Deploys from '@lucide/svelte/icons/rocket';
import Settings from '@lucide/svelte/icons/settings';
import Sparkles from '@lucide/svelte/icons/sparkles';
import Board from '@lucide/svelte/icons/square-kanban';
import type { Component } from 'svelte';
import { t } from '#lib/i18n/words.svelte.ts';

export interface Screen {
  path: string;
  /** Other pages that belong to it. */
  also?: string[];
  label: () => string;
  icon: Component<any>;
  /** Below the projects rather than above: what is set up once. */
  below?: boolean;
}

/** What is opened now and then: reached by buttons and the palette, named by the top bar; for admins. */
export const TASKS: Omit<Screen, 'below' | 'also'>[] = [
  { path: '/new', label: () => t.start.fresh.title, icon: Plus },
  { path: '/adopt', label: () => t.start.adopt.title, icon: PackageOpen },
  { path: '/start', label: () => t.start.first.title, icon: Sparkles },
];

export const SCREENS: Screen[] = [
  { path: '/', label: () => t.nav.board, icon: Board },
  { path: '/deploys', label: () => t.deploys.title, icon: Deploys },
  { path: '/activity', label: () => t.past.activity, icon: Activity },
  { path: '/sightings', label: () => t.past.sightings, icon: Sightings },
  { path: '/metrics', label: () => t.metrics.title, icon: Chart },
  {
    path: '/registries',
    also: ['/proxies', '/engines'],
    label: () => t.connections.title,
    icon: Plug,
    below: true,
  },
  { path: '/settings', label: () => t.settings.title, icon: Settings, below: true },
];

/** Whether the page at `pathname` is of this screen. */
export function isOn(screen: Screen, pathname: string): boolean {
  if (screen.path === '/') return pathname === '/';
  return [screen.path, ...(screen.also ?? [])].some((path) => pathname.startsWith(path));
}
