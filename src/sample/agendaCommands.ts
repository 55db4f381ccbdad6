import { change, row, type Db } from '../lib/db/db.js';
import type { SampleCast } from './castCommands.js';
import type { SampleItem, SampleSeries } from './seriesTexts.js';

function itemsOf(series: SampleSeries, at: number): SampleItem[] {
  const count = series.items.length;
  return [0, 1, 2].flatMap((step) => series.items[(at * 2 + step) % count] ?? []);
}

/** The date an agenda is for: its series, its place among the dates, and who takes part. */
interface AgendaOf {
  series: SampleSeries;
  at: number;
  isPast: boolean;
  members: { id: number }[];
}

export async function addAgenda(
  db: Db,
  cast: SampleCast,
  meetingId: number,
  { series, at, isPast, members }: AgendaOf,
): Promise<void> {
  for (const [position, item] of itemsOf(series, at).entries()) {
    const presenter = members[3 + (position % 3)]?.id ?? null;
    const made = await row<{ id: number }>(
      db,
      `insert into agenda_items (meeting_id, position, title, purpose, presenter_id, proposed_by,
                                 planned_minutes, state, created_by)
       values (:meeting, :position, :title, :purpose, :presenter, :presenter, :minutes, :state, :by)
       returning id`,
      {
        meeting: meetingId,
        position: position + 1,
        title: item.title,
        purpose: item.purpose,
        presenter,
        minutes: item.minutes,
        state: isPast ? 'concluded' : 'accepted',
        by: cast.secretary,
      },
    );
    if (made && isPast) await addStatements(db, cast, { meetingId, itemId: made.id, members }, item);
  }
}

interface ItemOf {
  meetingId: number;
  itemId: number;
  members: { id: number }[];
}

async function addStatements(db: Db, cast: SampleCast, of: ItemOf, item: SampleItem): Promise<void> {
  let last = 0;
  for (const [position, statement] of item.statements.entries()) {
    const made = await row<{ id: number }>(
      db,
      `insert into statements (meeting_id, item_id, position, kind, text, created_by)
       values (:meeting, :item, :position, :kind, :text, :by)
       returning id`,
      {
        meeting: of.meetingId,
        item: of.itemId,
        position: position + 1,
        kind: statement.kind,
        text: statement.text,
        by: cast.secretary,
      },
    );
    last = made?.id ?? 0;
    if (['resolved', 'approved_in_principle', 'deferred'].includes(statement.kind))
      await addDecision(db, of, last, statement.vote);
  }
  if (item.action) await addAction(db, cast, { ...of, statementId: last }, item.action);
}

async function addDecision(
  db: Db,
  { meetingId, itemId }: ItemOf,
  statementId: number,
  vote: SampleItem['statements'][number]['vote'],
): Promise<void> {
  const [yes, no, abstained] = vote ?? [];
  await change(
    db,
    `insert into decisions (statement_id, meeting_id, item_id, basis, votes_for, votes_against,
            abstentions)
     values (:statement, :meeting, :item, :basis, :yes, :no, :abstained)`,
    {
      statement: statementId,
      meeting: meetingId,
      item: itemId,
      basis: vote ? 'vote' : 'consensus',
      yes: yes ?? null,
      no: no ?? null,
      abstained: abstained ?? null,
    },
  );
}

async function addAction(
  db: Db,
  cast: SampleCast,
  { meetingId, itemId, members, statementId }: ItemOf & { statementId: number },
  action: NonNullable<SampleItem['action']>,
): Promise<void> {
  await change(
    db,
    `insert into actions (meeting_id, item_id, statement_id, deliverable, lead_id, due_on, created_by)
     select :meeting, :item, :statement, :deliverable, :lead,
            (m.starts_at at time zone 'UTC')::date + :days::int, :by
       from meetings m
      where m.id = :meeting`,
    {
      meeting: meetingId,
      item: itemId,
      statement: statementId,
      deliverable: action.deliverable,
      lead: members[action.lead]?.id ?? members[0]?.id ?? null,
      days: action.days,
      by: cast.secretary,
    },
  );
}
