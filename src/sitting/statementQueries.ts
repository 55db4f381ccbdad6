import { row, rows, type Db } from '../lib/db/db.js';
import type { ActionState } from '../actions/lights.js';
import type { StatementKind } from '../documents/snapshot.js';

interface Named {
  id: number;
  name: string;
  name_en: string | null;
}

export interface Statement {
  id: number;
  meeting_id: number;
  item_id: number | null;
  kind: StatementKind;
  text: string;
  version: number;
  /** Still stands in the field of who is writing it. */
  is_draft: boolean;
  created_by: number;
  created_key: string | null;
  saved_key: string | null;
  deleted_at: Date | null;
  updated_at: Date;
  /** Who wrote it last. */
  author: Named;
  decision: {
    basis: 'consensus' | 'vote';
    votes_for: number | null;
    votes_against: number | null;
    abstentions: number | null;
  } | null;
  action: {
    id: number;
    deliverable: string;
    lead: Named | null;
    due_on: string | null;
    state: ActionState;
    helpers: Named[];
  } | null;
}

const brief = (alias: string) =>
  `jsonb_build_object('id', ${alias}.id, 'name', ${alias}.name, 'name_en', ${alias}.name_en)`;

const STATEMENT = `
  select s.id, s.meeting_id, s.item_id, s.kind, s.text, s.version, s.is_draft, s.created_by, s.created_key,
    s.saved_key, s.deleted_at, s.updated_at,
         ${brief('w')} as author,
         case
           when d.id is not null
           then jsonb_build_object('basis', d.basis, 'votes_for', d.votes_for, 'votes_against',
             d.votes_against,
           'abstentions', d.abstentions) end as decision,
         case
           when a.id is not null
           then jsonb_build_object('id', a.id, 'deliverable', a.deliverable, 'due_on', a.due_on, 'state',
             a.state,
           'lead', case when l.id is not null then ${brief('l')} end,
           'helpers',
             coalesce((select jsonb_agg(${brief('p')} order by p.id)
               from action_helpers h
               join persons p on p.id = h.person_id
                                 where h.action_id = a.id), '[]'::jsonb)) end as action
    from statements s
    join persons w on w.id = coalesce(s.updated_by, s.created_by)
    left join decisions d on d.statement_id = s.id
    left join actions a on a.statement_id = s.id and (a.state <> 'cancelled' or a.assigned_at is not null)
    left join persons l on l.id = a.lead_id`;

/**
 * Everything written in a meeting, also what was removed (deleted_at). The caller leaves out what the viewer
 * may not see.
 */
export function listStatements(db: Db, meetingId: number): Promise<Statement[]> {
  return rows<Statement>(db, `${STATEMENT} where s.meeting_id = :meeting order by s.position, s.id`, {
    meeting: meetingId,
  });
}

export function findStatement(db: Db, id: number): Promise<Statement | undefined> {
  return row<Statement>(db, `${STATEMENT} where s.id = :id`, { id });
}

export function findStatementByKey(db: Db, key: string): Promise<Statement | undefined> {
  return row<Statement>(db, `${STATEMENT} where s.created_key = :key`, { key });
}

/** Whether the words of a meeting may still be written: not once its minutes are handed in. */
export async function isWritable(db: Db, meetingId: number): Promise<boolean> {
  const found = await row<{ is_open: boolean }>(
    db,
    `select m.state in ('in_progress', 'ended')
       and coalesce(x.state in ('draft', 'returned'), true) as is_open
       from meetings m left join minutes x on x.meeting_id = m.id where m.id = :id`,
    { id: meetingId },
  );
  return found?.is_open ?? false;
}
