/**
 * The screens of the main navigation, in order. A screen is named here when it is built, and not before: the side
 * bar, the bottom bar of a phone and the command palette are made of this list.
 */
import Activity from '@lucide/svelte/icons/activity';
import Sightings from '@lucide/svelte/icons/radar';
import Deploys from '@lucide/svelte/icons/rocket';
import Board from '@lucide/svelte/icons/square-kanban';
import type { Component } from 'svelte';
import { t } from '#lib/i18n/words.svelte.ts';

export interface Screen {
  path: string;
  label: () => string;
  icon: Component<any>;
  /** Below the projects rather than above: what is set up once. */
  below?: boolean;
}

export const SCREENS: Screen[] = [
  { path: '/', label: () => t.nav.board, icon: Board },
  { path: '/deploys', label: () => t.deploys.title, icon: Deploys },
  { path: '/activity', label: () => t.past.activity, icon: Activity },
  { path: '/sightings', label: () => t.past.sightings, icon: Sightings },
];
