import { listPapersOf } from '../agenda/queries.js';
import { row, rows, type Db } from '../lib/db/db.js';
import type {
  Attendance,
  Snapshot,
  SnapshotAction,
  SnapshotDecision,
  SnapshotItem,
  SnapshotStatement,
  StatementKind,
} from '../documents/snapshot.js';

/** A person as minutes name them: a guest's unit is where they come from. */
const person = (
  alias: string,
  unit: string,
) => `jsonb_build_object('id', ${alias}.id, 'name', ${alias}.name, 'name_en', ${alias}.name_en,
  'unit_en', coalesce(${unit}.name_en, ${alias}.affiliation), 'unit_zh',
    coalesce(${unit}.name_zh, ${alias}.affiliation))`;

interface Head {
  lang: Snapshot['lang'];
  template: Snapshot['template'];
  title: string;
  organisation: Snapshot['organisation'];
  meeting: Snapshot['meeting'];
  corrects: Snapshot['corrects'];
}

/** The draft as it stands now: what was recorded in the sitting and edited since. */
export async function collectSnapshot(db: Db, minutesId: number): Promise<Snapshot> {
  const head = await findHead(db, minutesId);
  const meetingId = head.meeting.id;
  const [attendance, items, statements, actions] = [
    await listAttendance(db, meetingId),
    await listItems(db, meetingId),
    await listStatements(db, meetingId),
    await listActions(db, meetingId),
  ];
  const written = (itemId: number | null): SnapshotStatement[] =>
    statements
      .filter((one) => one.item_id === itemId)
      .map(({ id, version, kind, text, decision }) => ({
        id,
        version,
        kind,
        text,
        decision,
        actions: actions.filter((action) => action.statement_id === id).map(({ action }) => action),
      }));
  const loose = (itemId: number | null): SnapshotAction[] =>
    actions
      .filter(
        (action) => action.item_id === itemId && !statements.some((one) => one.id === action.statement_id),
      )
      .map(({ action }) => action);
  const [general, generalActions] = [written(null), loose(null)];
  return {
    format: 'banhui-minutes/1',
    ...head,
    attendance,
    items: [
      ...items.map((item) => ({ ...item, statements: written(item.id), actions: loose(item.id) })),
      ...(general.length + generalActions.length > 0
        ? [
            {
              id: null,
              title: '',
              purpose: 'discussion' as const,
              state: 'concluded',
              is_restricted: false,
              presenter: null,
              statements: general,
              actions: generalActions,
              papers: [],
            },
          ]
        : []),
    ],
  };
}

async function findHead(db: Db, minutesId: number): Promise<Head> {
  const iso = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
  const found = await row<Head>(
    db,
    `select x.lang, x.template, coalesce(x.title, '') as title,
            (select jsonb_build_object('name_en', o.name_en, 'name_zh', o.name_zh)
              from organisations o) as organisation,
            jsonb_build_object('id', m.id, 'title', m.title, 'series', s.name, 'number', m.number, 'zone',
              m.zone,
              'starts_at', ${iso('m.starts_at')}, 'ends_at', ${iso('m.ends_at')}, 'starts_on', m.starts_on,
              'started_at', ${iso('m.started_at')}, 'ended_at', ${iso('m.ended_at')},
              'places', coalesce(
                (select jsonb_agg(jsonb_build_object('name_en', r.name_en, 'name_zh', r.name_zh)
                  order by r.sort_order, r.id)
                   from meeting_rooms mr join rooms r on r.id = mr.room_id where mr.meeting_id = m.id),
                case
                  when m.place is not null
                  then jsonb_build_array(jsonb_build_object('name_en', m.place, 'name_zh', m.place)) end,
                '[]'::jsonb)) as meeting,
            (select jsonb_build_object('number', v.number, 'reason', x.correction_reason)
               from issues i
               join minutes_versions v on v.id = i.version_id
               where i.minutes_id = x.id and x.correction_reason is not null
              order by i.id desc limit 1) as corrects
       from minutes x join meetings m on m.id = x.meeting_id left join series s on s.id = m.series_id
      where x.id = :id`,
    { id: minutesId },
  );
  if (!found) throw new Error(`no minutes ${minutesId}`);
  return found;
}

function listAttendance(db: Db, meetingId: number): Promise<Attendance[]> {
  return rows<Attendance>(
    db,
    `select p.id, p.name, p.name_en, coalesce(u.name_en, p.affiliation) as unit_en,
       coalesce(u.name_zh, p.affiliation) as unit_zh, pt.role, a.status
       from participants pt
       join persons p on p.id = pt.person_id
       left join units u on u.id = p.unit_id
       left join attendances a on a.participant_id = pt.id
      where pt.meeting_id = :meeting and pt.removed_at is null
      order by array_position(array['chair','required','optional','secretary','in_attendance','informed'],
        pt.role),
        p.is_guest, u.code nulls last, pt.id`,
    { meeting: meetingId },
  );
}

type ItemRow = Omit<SnapshotItem, 'id' | 'statements' | 'actions' | 'papers'> & { id: number };

async function listItems(db: Db, meetingId: number): Promise<Array<ItemRow & Pick<SnapshotItem, 'papers'>>> {
  const items = await rows<ItemRow>(
    db,
    `select i.id, i.title, i.purpose, i.state, i.is_restricted,
       case when p.id is null then null else ${person('p', 'u')} end as presenter
       from agenda_items i left join persons p on p.id = i.presenter_id left join units u on u.id = p.unit_id
      where i.meeting_id = :meeting
        and (i.state not in ('proposed', 'returned', 'withdrawn')
          -- what was said about an item before it was withdrawn stays in the record
          or exists (select 1 from statements t where t.item_id = i.id and t.deleted_at is null))
      order by i.position, i.id`,
    { meeting: meetingId },
  );
  const papers = await listPapersOf(
    db,
    items.map((item) => item.id),
  );
  return items.map((item) => ({
    ...item,
    papers: papers
      .filter((paper) => paper.item_id === item.id)
      .map(({ id, name, version_no }) => ({ id, name, version_no })),
  }));
}

interface StatementRow {
  id: number;
  item_id: number | null;
  version: number;
  kind: StatementKind;
  text: string;
  decision: SnapshotDecision | null;
}

function listStatements(db: Db, meetingId: number): Promise<StatementRow[]> {
  return rows<StatementRow>(
    db,
    `select t.id, t.item_id, t.version, t.kind, t.text,
            case
              when d.id is null
              then null
              else jsonb_build_object('id', d.id, 'basis', d.basis, 'votes_for', d.votes_for,
              'votes_against', d.votes_against, 'abstentions', d.abstentions) end as decision
       from statements t left join decisions d on d.statement_id = t.id
      where t.meeting_id = :meeting and t.deleted_at is null and t.text <> ''
      order by t.position, t.id`,
    { meeting: meetingId },
  );
}

interface ActionRow {
  statement_id: number | null;
  item_id: number | null;
  action: SnapshotAction;
}

/**
 * What was cancelled before it was ever assigned was never agreed; a later cancelling is no matter of these
 * minutes.
 */
function listActions(db: Db, meetingId: number): Promise<ActionRow[]> {
  return rows<ActionRow>(
    db,
    `select c.statement_id, c.item_id,
            jsonb_build_object('id', c.id, 'deliverable', c.deliverable, 'due_on',
              coalesce(c.original_due_on, c.due_on),
              'lead', case when p.id is null then null else ${person('p', 'u')} end,
              'helpers', coalesce((select jsonb_agg(${person('h', 'hu')} order by h.id)
                 from action_helpers ah
                 join persons h on h.id = ah.person_id
                 left join units hu on hu.id = h.unit_id
                 where ah.action_id = c.id),
                   '[]'::jsonb)) as action
       from actions c left join persons p on p.id = c.lead_id left join units u on u.id = p.unit_id
      where c.meeting_id = :meeting and (c.state <> 'cancelled' or c.assigned_at is not null)
      order by c.id`,
    { meeting: meetingId },
  );
}
