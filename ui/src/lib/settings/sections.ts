/** The sections of the settings: side list, addresses and command palette are made of this list. */
import AppWindow from '@lucide/svelte/icons/app-window';
import Archive from '@lucide/svelte/icons/archive';
import Bell from '@lucide/svelte/icons/bell';
import CircleUser from '@lucide/svelte/icons/circle-user';
import FileCog from '@lucide/svelte/icons/file-cog';
import Globe from '@lucide/svelte/icons/globe';
import HardDrive from '@lucide/svelte/icons/hard-drive';
import History from '@lucide/svelte/icons/history';
import KeyRound from '@lucide/svelte/icons/key-round';
import LogIn from '@lucide/svelte/icons/log-in';
import Monitor from '@lucide/svelte/icons/monitor';
import PackageOpen from '@lucide/svelte/icons/package-open';
import Users from '@lucide/svelte/icons/users';
import Webhook from '@lucide/svelte/icons/webhook';
import type { Component } from 'svelte';
import type { Settings } from '#lib/api/types.ts';
import { session } from '#lib/state/forge.svelte.ts';

export type SectionId =
  | 'webhook'
  | 'notifications'
  | 'images'
  | 'domains'
  | 'machine'
  | 'record'
  | 'file'
  | 'backup'
  | 'window'
  | 'browser'
  | 'account'
  | 'tokens'
  | 'people'
  | 'oidc';

export interface Section {
  id: SectionId;
  icon: Component<any>;
  /** The settings that its “Save” saves. */
  fields: (keyof Settings)[];
  /** Not for admins alone. */
  everybody?: true;
}

export const SECTIONS: Section[] = [
  { id: 'webhook', icon: Webhook, fields: [] },
  { id: 'notifications', icon: Bell, fields: [] },
  { id: 'images', icon: PackageOpen, fields: ['unknown_image'] },
  { id: 'domains', icon: Globe, fields: ['domain', 'domain_pattern', 'default_proxy'] },
  { id: 'machine', icon: HardDrive, fields: ['host_paths', 'free_disk'] },
  { id: 'record', icon: History, fields: ['events', 'receipts'] },
  { id: 'file', icon: FileCog, fields: [] },
  { id: 'backup', icon: Archive, fields: [] },
  { id: 'window', icon: AppWindow, fields: ['close_to_tray'] },
  { id: 'browser', icon: Monitor, fields: [], everybody: true },
  { id: 'account', icon: CircleUser, fields: [], everybody: true },
  { id: 'tokens', icon: KeyRound, fields: [], everybody: true },
  { id: 'people', icon: Users, fields: [] },
  { id: 'oidc', icon: LogIn, fields: [] },
];

/** Those that whoever is signed in may open. */
export const offered = (): Section[] =>
  SECTIONS.filter((section) => section.everybody || session.may('admin'));
