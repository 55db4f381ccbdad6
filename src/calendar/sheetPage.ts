import type { Context } from '../lib/http/route.js';
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
