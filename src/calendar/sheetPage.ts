import type { Context } from '../lib/http/route.js';
import { addDays } from '../lib/time/zone.js';
import { viewTabs } from './viewPage.js';
import type { SheetLine, SheetTask } from './viewQueries.js';

/** A task of setting up in words. */
export function showSetupTask<Task extends Pick<SheetTask, 'kind' | 'owner'>>(
  c: Context<unknown, unknown>,
  task: Task,
) {
  return {
    ...task,
    kindName: c.t(`calendar.setup.kind.${task.kind}`),
    ownerName: task.owner ? c.fmt.name(task.owner) : c.t('calendar.setup.nobody'),
  };
}

/** Where a meeting of the day sheet is, how many come, and whose it is; what is not known is empty. */
export function factsOfLine(c: Context<unknown, unknown>, line: SheetLine): string[] {
  const [first] = line.rooms;
  return [
    line.rooms.map((room) => c.fmt.name(room)).join(c.t('rooms.list.comma')),
    [first?.building, first?.floor].filter(Boolean).join(' '),
    line.people ? c.t('calendar.view.people', { count: line.people }) : '',
    line.organiser ? c.fmt.name(line.organiser) : '',
  ];
}

/** The sheet of a day in the order of time, made for paper and for a phone in a corridor. */
export function sheetLocals(
  c: Context<unknown, unknown>,
  {
    on,
    today,
    site,
    sites,
    lines,
  }: {
    on: string;
    today: string;
    /** '' for all. */
    site: string;
    sites: readonly string[];
    lines: readonly SheetLine[];
  },
) {
  const ofSite = site ? `&site=${encodeURIComponent(site)}` : '';
  return {
    title: `${c.t('calendar.view.sheet')} · ${c.fmt.date(on)}`,
    wide: true,
    on,
    site,
    sites,
    dateText: c.fmt.date(on),
    tabs: viewTabs(c, 'sheet', on),
    previous: `/calendar/sheet?date=${addDays(on, -1)}${ofSite}`,
    next: `/calendar/sheet?date=${addDays(on, 1)}${ofSite}`,
    current: on === today ? null : `/calendar/sheet${ofSite ? `?${ofSite.slice(1)}` : ''}`,
    lines: lines.map((line) => showLine(c, line)),
  };
}

function showLine(c: Context<unknown, unknown>, line: SheetLine) {
  return {
    ...line,
    facts: factsOfLine(c, line),
    tasks: line.tasks.map((task) => ({
      ...showSetupTask(c, task),
      mayTick: task.is_mine || line.title !== null,
    })),
    href: line.title === null ? null : `/meetings/${line.meeting_id}`,
    title: line.title ?? c.t('calendar.day.booked'),
    time: c.fmt.range(line.starts_at, line.ends_at),
    setup:
      line.occupies_from < line.starts_at
        ? c.t('calendar.view.setupFrom', { time: c.fmt.time(line.occupies_from) })
        : '',
  };
}
