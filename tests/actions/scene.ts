import { assignActions, planAction, type Plan } from '../../src/actions/planCommands.js';
import { inTransaction, row, rows, type Db } from '../../src/lib/db/db.js';
import type { Cast } from '../support/cast.js';

/** A meeting that ended, with one item; the chair, the secretary and the attendee were in it. */
export interface Scene {
  meetingId: number;
  itemId: number;
}

async function idOf(db: Db, sql: string, bindings: Record<string, unknown>): Promise<number> {
  const made = await row<{ id: number }>(db, `${sql} returning id`, bindings);
  if (!made) throw new Error('nothing was inserted');
  return made.id;
}

let count = 0;

export async function makeScene(
  db: Db,
  cast: Cast,
  more: { title?: string; isPrivate?: boolean; isRestricted?: boolean; proposedBy?: number } = {},
): Promise<Scene> {
  const meetingId = await idOf(
    db,
    `insert into meetings (title, state, starts_at, ends_at, zone, is_private, organiser_id, created_by,
       uid, started_at, started_by, ended_at, ended_by)
     values (:title, 'ended', '2030-03-01T01:00Z', '2030-03-01T02:00Z', 'Asia/Shanghai', :private,
       :organiser, :organiser, :uid, now(), :organiser, now(), :organiser)`,
    {
      title: more.title ?? 'Weekly leadership',
      private: more.isPrivate ?? false,
      organiser: cast.organiser.id,
      uid: `scene-${++count}@office.example`,
    },
  );
  const people: [number, string][] = [
    [cast.chair.id, 'chair'],
    [cast.secretary.id, 'secretary'],
    [cast.attendee.id, 'optional'],
  ];
  for (const [person, role] of people) {
    await idOf(
      db,
      `insert into participants (meeting_id, person_id, role) values (:meeting, :person, :role)`,
      { meeting: meetingId, person, role },
    );
  }
  const itemId = await idOf(
    db,
    `insert into agenda_items (meeting_id, position, title, state, is_restricted, proposed_by, created_by)
     values (:meeting, 1, 'Draft budget', 'concluded', :restricted, :proposer, :by)`,
    {
      meeting: meetingId,
      restricted: more.isRestricted ?? false,
      proposer: more.proposedBy ?? null,
      by: cast.organiser.id,
    },
  );
  return { meetingId, itemId };
}

/** An action of the scene as it stands when the minutes were just issued. */
export async function assignOne(db: Db, cast: Cast, scene: Scene, plan: Partial<Plan> = {}): Promise<number> {
  const id = await planOne(db, cast, scene, plan);
  await inTransaction(db, (trx) => assignActions(trx, { id: cast.secretary.id }, scene.meetingId));
  return id;
}

export async function planOne(db: Db, cast: Cast, scene: Scene, plan: Partial<Plan> = {}): Promise<number> {
  const statement = await idOf(
    db,
    `insert into statements (meeting_id, item_id, kind, text, created_by)
     values (:meeting, :item, 'required', 'The budget is to be revised.', :by)`,
    { meeting: scene.meetingId, item: scene.itemId, by: cast.secretary.id },
  );
  return inTransaction(db, (trx) =>
    planAction(
      trx,
      { id: cast.secretary.id },
      { id: statement, meeting_id: scene.meetingId, item_id: scene.itemId },
      {
        deliverable: 'Revise the draft budget',
        lead_id: cast.outsider.id,
        helper_ids: [],
        due_on: '2030-03-20',
        ...plan,
      },
    ),
  );
}

export async function stateOf(db: Db, id: number): Promise<string | undefined> {
  return (await row<{ state: string }>(db, `select state from actions where id = :id`, { id }))?.state;
}

export interface Mail {
  kind: string;
  name: string;
  state: string;
  subject: string | null;
}

/** The mails about actions, oldest first, by the recipient's Latin name. */
export function mailsOf(db: Db, meetingId?: number): Promise<Mail[]> {
  return rows<Mail>(
    db,
    `select d.kind, p.name_en as name, d.state, d.subject
     from deliveries d
     join persons p on p.id = d.person_id
      where d.kind like 'actions.%' and (cast(:meeting as bigint) is null or d.meeting_id = :meeting)
      order by d.id`,
    { meeting: meetingId ?? null },
  );
}
