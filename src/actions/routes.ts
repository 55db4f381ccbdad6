import { stringify } from 'csv-stringify/sync';
import { Readable } from 'node:stream';
import { signedIn } from '../lib/http/policy.js';
import { idOf, page, route, send, type Context, type Route } from '../lib/http/route.js';
import { findPersonOption, keepActive } from '../people/queries.js';
import { actionPage, sourceOf, toBoardCard, toCard, todayOf } from './actionPage.js';
import { ExportQuery, ListQuery, type Listed } from './forms.js';
import { daysBetween, isOpen } from './lights.js';
import {
  listActions,
  listBoard,
  listFilterChoices,
  type ActionFilter,
  type ActionRow,
  type After,
} from './listQueries.js';

const PAGE = 50;
const COLUMN_TONES = { overdue: 'bad', week: 'warn', open: 'accent', answered: 'ok' } as const;

export const actionsRoutes: Route[] = [
  route({
    method: 'get',
    path: '/actions',
    policy: signedIn,
    query: ListQuery,
    async handle(c) {
      const today = todayOf(c);
      const { view, after, ...filter } = c.query;
      const isBoard = view === 'board' && filter.state === 'open';
      const [choices, board, list, left] = await Promise.all([
        listFilterChoices(c.db, c.viewer.id, today, filter.state),
        isBoard ? listBoard(c.db, c.viewer.id, filter, today) : undefined,
        isBoard
          ? undefined
          : listActions(c.db, c.viewer.id, filter, { today, after: placeOf(after), limit: PAGE }),
        filter.lead ? findLeft(c, filter.lead) : undefined,
      ]);
      const rows = board ? board.columns.flatMap((column) => column.actions) : (list?.actions ?? []);
      return page('actions/list', {
        title: c.t('actions.title'),
        filter,
        isBoard,
        isFiltered: Boolean(filter.lead || filter.unit || filter.series || filter.q),
        isEmpty: rows.length === 0,
        choices,
        board: board?.columns.map((column) => ({
          ...column,
          tone: COLUMN_TONES[column.name],
          actions: column.actions.map((action) => toBoardCard(c, action, column.name, today)),
          more: Math.max(0, column.count - column.actions.length),
        })),
        list: list?.actions.map((action) => toCard(c, action, today)),
        next: list?.next && addressOf({ ...c.query, after: `${list.next.on}_${list.next.id}` }),
        first: after ? addressOf({ ...c.query, after: undefined }) : undefined,
        left,
        addressOf: (change: Partial<Listed>) => addressOf({ ...c.query, after: undefined, ...change }),
        exportAddress: addressOf({ ...filter }, '/actions/export'),
      });
    },
  }),
  route({
    method: 'get',
    path: '/actions/export',
    policy: signedIn,
    query: ExportQuery,
    handle: (c) =>
      send(exported(c, c.query), 'text/csv; charset=utf-8', {
        name: `${c.t('actions.title')} ${todayOf(c)}.csv`,
      }),
  }),
  route({ method: 'get', path: '/actions/:id', policy: signedIn, handle: (c) => actionPage(c, idOf(c)) }),
];

/** A lead who is no longer active: somebody else has to answer. */
async function findLeft(
  c: Context,
  leadId: number,
): Promise<{ id: number; name: string; name_en: string | null } | undefined> {
  const person = await findPersonOption(c.db, leadId);
  return person && !(await keepActive(c.db, [leadId])).has(leadId) ? person : undefined;
}

function placeOf(after: string | undefined): After | undefined {
  const [on, id] = after?.split('_') ?? [];
  return on && id ? { on, id: Number(id) } : undefined;
}

function addressOf(query: Partial<Listed>, path = '/actions'): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined) said.set(name, String(value));
  return `${path}?${said.toString()}`;
}

/** The whole list as CSV, read page by page while it is sent. */
function exported(c: Context, filter: ActionFilter): Readable {
  const today = todayOf(c);
  // A cell that a spreadsheet would take for a formula gets an apostrophe.
  const csv = (lines: (string | number)[][]) =>
    stringify(lines, { record_delimiter: '\r\n', escape_formulas: true });
  return Readable.from(
    (async function* () {
      // Without a byte order mark a spreadsheet reads UTF-8 as the code page of the machine.
      yield '\ufeff';
      yield csv([
        (
          [
            'what',
            'lead',
            'unit',
            'due',
            'originalDue',
            'state',
            'late',
            'meeting',
            'reminders',
            'answer',
            'closed',
          ] as const
        ).map((name) => c.t(`actions.list.${name}`)),
      ]);
      let after: After | undefined;
      do {
        const { actions, next } = await listActions(c.db, c.viewer.id, filter, { today, after, limit: 500 });
        yield csv(actions.map((action) => exportedLine(c, action, today)));
        after = next;
      } while (after);
    })(),
  );
}

function exportedLine(c: Context, action: ActionRow, today: string): (string | number)[] {
  const late =
    action.due_on && isOpen(action.state) && action.state !== 'answered'
      ? daysBetween(action.due_on, today)
      : 0;
  return [
    action.deliverable,
    action.lead ? c.fmt.name(action.lead) : '',
    (c.lang === 'en' ? action.unit_en : action.unit_zh) ?? '',
    action.due_on ?? '',
    action.original_due_on ?? '',
    c.t(`actions.state.${action.state}`),
    late > 0 ? late : '',
    sourceOf(c, action.meeting),
    action.reminders,
    action.answer ?? '',
    action.closed_at ? c.fmt.dateTime(action.closed_at) : '',
  ];
}
