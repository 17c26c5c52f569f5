/** What the command palette reaches. */
import FlaskConical from '@lucide/svelte/icons/flask-conical';
import History from '@lucide/svelte/icons/history';
import Keyboard from '@lucide/svelte/icons/keyboard';
import Languages from '@lucide/svelte/icons/languages';
import LogOut from '@lucide/svelte/icons/log-out';
import Plug from '@lucide/svelte/icons/plug';
import Plus from '@lucide/svelte/icons/plus';
import Rocket from '@lucide/svelte/icons/rocket';
import RotateCw from '@lucide/svelte/icons/rotate-cw';
import ScrollText from '@lucide/svelte/icons/scroll-text';
import Settings from '@lucide/svelte/icons/settings-2';
import Sun from '@lucide/svelte/icons/sun';
import Undo from '@lucide/svelte/icons/undo-2';
import ChevronsRight from '@lucide/svelte/icons/chevrons-right';
import type { Component } from 'svelte';
import { goto } from '$app/navigation';
import type { Stage } from '#lib/api/types.ts';
import { NOUNS } from '#lib/connections/nouns.ts';
import { spoken, t } from '#lib/i18n/words.svelte.ts';
import { promote, restart, rollBack, told } from '#lib/state/actions.ts';
import { offered } from '#lib/settings/sections.ts';
import { dialogs, drawer } from '#lib/state/dialogs.svelte.ts';
import { board, session } from '#lib/state/forge.svelte.ts';
import { appearance } from '#lib/state/theme.svelte.ts';
import { markOf, type Mark } from '#lib/status.ts';
import { lately, reopened } from './recent.svelte.ts';
import { SCREENS, TASKS } from './screens.ts';

export interface Command {
  id: string;
  group: string;
  label: string;
  hint?: string;
  icon?: Component<any>;
  mark?: Mark;
  /** More words by which it is found. */
  words?: string;
  run: () => void;
}

const MANY = 30; // stages: of more, what is done to one of them is found by its name

/** What is offered before a word is typed: with many projects all of it would take longer to make than to open. */
export function likely(): Command[] {
  if (board.stages.size <= MANY) return commands();
  return [
    ...reopened(),
    ...goToScreens(),
    ...(session.may('admin') ? setUp() : []),
    ...goToProjects(),
    ...lately(),
    ...view(),
  ];
}

/** All of them, as things are now. */
export function commands(): Command[] {
  const stages = [...board.stages.values()];
  return [
    ...reopened(),
    ...goToScreens(),
    ...(session.may('admin') ? setUp() : []),
    ...goToProjects(),
    ...goIntoProjects(),
    ...instances(),
    ...stages.flatMap((stage) =>
      session.may('deployer', stage.project) ? onStage(stage) : [testTag(stage)],
    ),
    ...lately(),
    ...goToSettings(),
    ...view(),
  ];
}

function goToScreens(): Command[] {
  return SCREENS.map((screen) => ({
    id: `screen ${screen.path}`,
    group: t.palette.goTo,
    label: screen.label(),
    icon: screen.icon,
    run: () => void goto(screen.path),
  }));
}

/** The pages of the connections, what is added to them, and the sections of the settings. */
function goToSettings(): Command[] {
  const pages = NOUNS.map((noun) => ({
    id: `connections ${noun}`,
    group: t.palette.goTo,
    label: t.connections.nouns[noun],
    hint: t.connections.title,
    icon: Plug,
    run: () => void goto(`/${noun}`),
  }));
  const adds = NOUNS.map((noun) => ({
    id: `add ${noun}`,
    group: t.connections.title,
    label: t.connections.add[noun],
    icon: Plus,
    run: () => void goto(`/${noun}?add`),
  }));
  const sections = offered().map(({ id, icon }) => ({
    id: `settings ${id}`,
    group: t.settings.title,
    label: t.settings.sections[id].title,
    hint: t.settings.title,
    icon,
    words: t.settings.sections[id].about,
    run: () => void goto(`/settings/${id}`),
  }));
  return [...pages, ...(session.may('admin') ? adds : []), ...sections];
}

function setUp(): Command[] {
  return TASKS.map((task) => ({
    id: `task ${task.path}`,
    group: t.start.group,
    label: task.label(),
    icon: task.icon,
    run: () => void goto(task.path),
  }));
}

function goToProjects(): Command[] {
  return [...board.projects.values()].map((project) => ({
    id: `project ${project.name}`,
    group: t.palette.goTo,
    label: project.name,
    hint: project.image,
    mark: board.markOfProject(project.name),
    run: () => void goto(`/projects/${project.name}`),
  }));
}

/** A project's pages below its own. */
function goIntoProjects(): Command[] {
  const to = (path: string, label: string, icon: Component<any>): Command => ({
    id: `go ${path}`,
    group: t.palette.goTo,
    label,
    icon,
    run: () => void goto(path),
  });
  return [...board.projects.keys()].flatMap((project) => {
    const root = `/projects/${project}`;
    return [
      to(`${root}/history`, t.settingup.goHistory(project), History),
      to(`${root}/settings`, t.settingup.goSettings(project), Settings),
      ...board
        .stagesOf(project)
        .map(({ name }) =>
          to(`${root}/stages/${name}`, t.settingup.goSettings(`${project}/${name}`), Settings),
        ),
      ...(session.may('admin') ? [to(`${root}/new-stage`, t.settingup.goNewStage(project), Plus)] : []),
    ];
  });
}

function instances(): Command[] {
  const present = [...board.instances.values()];
  const name = (one: { project: string; stage: string; tag: string }) =>
    `${one.project}/${one.stage} ${one.tag}`;
  const logs = present.map((instance) => ({
    id: `log ${instance.id}`,
    group: t.palette.instances,
    label: t.palette.log(name(instance)),
    hint: instance.id,
    mark: markOf(instance),
    icon: ScrollText,
    run: () => drawer('log', instance.id),
  }));
  const restarts = present
    .filter(({ status, project }) => status !== 'missing' && session.may('deployer', project))
    .map((instance) => ({
      id: `restart ${instance.id}`,
      group: t.palette.instances,
      label: t.palette.restart(name(instance)),
      hint: instance.id,
      icon: RotateCw,
      run: () => void restart(instance),
    }));
  return [...logs, ...restarts];
}

function testTag(stage: Stage): Command {
  const place = `${stage.project}/${stage.name}`;
  return {
    id: `explain ${place}`,
    group: t.palette.deploy,
    label: t.palette.testFor(place),
    icon: FlaskConical,
    run: () => (dialogs.explain = stage),
  };
}

function onStage(stage: Stage): Command[] {
  const place = `${stage.project}/${stage.name}`;
  const group = t.palette.deploy;
  const found: Command[] = [
    {
      id: `deploy ${place}`,
      group,
      label: t.palette.deployTo(place),
      icon: Rocket,
      run: () => (dialogs.wish = stage),
    },
  ];
  const serving = board.serving(place)[0];
  if (serving) {
    for (const to of board.promotesTo(stage))
      found.push({
        id: `promote ${place} ${to.name}`,
        group,
        label: t.board.promoteTo(serving.tag, `${to.project}/${to.name}`),
        icon: ChevronsRight,
        run: () => void promote(stage, to, serving.tag),
      });
    found.push({
      id: `rollback ${place}`,
      group,
      label: t.palette.rollBack(place),
      icon: Undo,
      run: () => void rollBack(stage),
    });
  }
  return [...found, testTag(stage)];
}

function view(): Command[] {
  const group = t.palette.view;
  return [
    {
      id: 'theme',
      group,
      label: appearance.dark ? t.bar.themeLight : t.bar.themeDark,
      icon: Sun,
      words: 'theme dark light тема',
      run: () => appearance.toggle(),
    },
    {
      id: 'language',
      group,
      label: t.bar.language,
      icon: Languages,
      words: 'language english russian язык английский русский',
      run: () => void spoken.choose(spoken.language === 'en' ? 'ru' : 'en'),
    },
    { id: 'keys', group, label: t.keys.title, icon: Keyboard, run: () => (dialogs.keys = true) },
    { id: 'sign out', group, label: t.bar.signOut, icon: LogOut, run: () => void told(session.leave()) },
  ];
}

const SHOWN = 60;

/** Those that have every typed word, those that begin with it first; without a word what is likely. */
export function matching(all: Command[], typed: string): Command[] {
  const words = typed.toLowerCase().trim().split(/\s+/).filter(Boolean);
  if (!words.length)
    return all
      .filter((one) => !/^(restart|explain|rollback|add|settings|connections|go) /.test(one.id))
      .slice(0, SHOWN);
  const ranked: [number, Command][] = [];
  for (const command of all) {
    const label = command.label.toLowerCase();
    const hay = `${label} ${command.hint ?? ''} ${command.words ?? ''} ${command.group}`.toLowerCase();
    if (!words.every((word) => hay.includes(word))) continue;
    const rank = label.startsWith(words[0]!) ? 0 : words.every((word) => label.includes(word)) ? 1 : 2;
    ranked.push([rank, command]);
  }
  const groups = [...new Set(all.map((command) => command.group))];
  ranked.sort(([one, a], [other, b]) => groups.indexOf(a.group) - groups.indexOf(b.group) || one - other);
  return ranked.slice(0, SHOWN).map(([, command]) => command);
}
