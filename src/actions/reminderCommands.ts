import { type Actor, record } from '../lib/audit/record.js';
import { row, rows, inTransaction, type Db } from '../lib/db/db.js';
import { queueDelivery } from '../lib/mail/queue.js';
import { addDays, dayOf, startOfDay } from '../lib/time/zone.js';
import { historyOf, onAction, type Outcome } from './commands.js';
import { LIGHT_DAYS } from './lights.js';
import { isWorkingHour, stepOf, type ReminderStep } from './reminderSteps.js';

interface Candidate {
  id: number;
  due_on: string;
  assigned_at: Date;
  lead_id: number;
  is_reachable: boolean;
  is_restricted: boolean;
  /** Who hears of it in place of a lead without an address: the meeting's secretaries, else its organiser. */
  stand_ins: number[];
}

const OPEN = `a.state in ('assigned', 'accepted', 'in_progress', 'blocked')`;

/**
 * 催办: reminds everybody who is to be reminded now, in working hours of the organisation's zone. Each step of
 * the ladder is stored before it is mailed; running it again, or twice at once, sends nothing twice. One
 * digest per person and day: what comes due after it waits for the next day's.
 * @returns the number of digests
 */
export async function remindAll(db: Db, now: Date): Promise<number> {
  const office = await row<{ zone: string }>(db, `select zone from organisations`);
  if (!office || !isWorkingHour(now, office.zone)) return 0;
  const today = dayOf(now, office.zone);
  const found = await rows<Candidate>(
    db,
    `select a.id, a.due_on, a.assigned_at, a.lead_id, l.email is not null
       and l.deactivated_at is null as is_reachable,
            m.is_private or coalesce(i.is_restricted, false) as is_restricted,
            array(select x.person_id from (
              select p.person_id, 1 as choice
              from participants p
              where p.meeting_id = m.id and p.role = 'secretary' and p.removed_at is null
              union all select m.organiser_id, 2) x
              join persons s on s.id = x.person_id and s.email is not null and s.deactivated_at is null
             where x.person_id <> a.lead_id order by x.choice, x.person_id limit 1) as stand_ins
       from actions a join meetings m on m.id = a.meeting_id left join agenda_items i on i.id = a.item_id
       join persons l on l.id = a.lead_id
      where ${OPEN} and a.due_on <= :horizon
      order by a.due_on, a.id`,
    { horizon: addDays(today, LIGHT_DAYS) },
  );
  const due = new Map<number, (ReminderStep & { action_id: number; is_restricted: boolean })[]>();
  for (const one of found) {
    const step = stepOf(one.due_on, dayOf(one.assigned_at, office.zone), today);
    if (!step) continue;
    for (const person of one.is_reachable ? [one.lead_id] : one.stand_ins) {
      due.set(person, [
        ...(due.get(person) ?? []),
        { ...step, action_id: one.id, is_restricted: one.is_restricted },
      ]);
    }
  }
  let digests = 0;
  for (const [personId, steps] of [...due].sort(([a], [b]) => a - b)) {
    if (await sendDigest(db, personId, steps, { today, now, since: startOfDay(today, office.zone) }))
      digests++;
  }
  return digests;
}

async function sendDigest(
  db: Db,
  personId: number,
  steps: (ReminderStep & { action_id: number; is_restricted: boolean })[],
  at: { today: string; now: Date; since: Date },
): Promise<boolean> {
  return inTransaction(db, async (trx) => {
    // Two runs at once: the second waits here and finds the digest of the first.
    await row(trx, `select id from persons where id = :person for no key update`, { person: personId });
    const earlier = await row(
      trx,
      `select 1 from reminders where person_id = :person and at >= :since and level <> 'by_hand' limit 1`,
      { person: personId, since: at.since },
    );
    if (earlier) return false;
    const stored = await rows<{ id: number; action_id: number }>(
      trx,
      `insert into reminders (action_id, person_id, level, on_day, at)
       select s.action_id, :person, s.level, s.on_day, :now
         from jsonb_to_recordset(:steps) as s(action_id bigint, level text, on_day date) order by s.action_id
       on conflict do nothing returning id, action_id`,
      { person: personId, now: at.now, steps: JSON.stringify(steps) },
    );
    if (stored.length === 0) return false;
    const remindedIds = new Set(stored.map((one) => one.action_id));
    await queueDelivery(trx, {
      kind: 'actions.reminder',
      object: `reminders:${at.today}`,
      personId,
      payload: { action_ids: [...remindedIds] },
      isRestricted: steps.some((step) => step.is_restricted && remindedIds.has(step.action_id)),
    });
    return true;
  });
}

/** One push by hand, at most once a day for an action. */
export async function remindByHand(
  db: Db,
  by: Actor,
  id: number,
  { today, now }: { today: string; now: Date },
): Promise<Outcome<{ ok: false; reason: 'already' | 'unreachable' }>> {
  return onAction(db, by, { id, verb: 'remind', today }, async (trx, action) => {
    const lead = await row<{ id: number; is_restricted: boolean }>(
      trx,
      `select l.id, m.is_private or coalesce(i.is_restricted, false) as is_restricted
         from actions a join meetings m on m.id = a.meeting_id left join agenda_items i on i.id = a.item_id
         join persons l on l.id = a.lead_id and l.email is not null and l.deactivated_at is null
        where a.id = :id`,
      { id },
    );
    if (!lead) return { ok: false, reason: 'unreachable' } as const;
    const stored = await row<{ id: number }>(
      trx,
      `insert into reminders (action_id, person_id, level, on_day, sent_by, at)
       values (:action, :person, 'by_hand', :today, :by, :now)
       on conflict do nothing returning id`,
      { action: id, person: lead.id, today, by: by.id, now },
    );
    if (!stored) return { ok: false, reason: 'already' } as const;
    await queueDelivery(trx, {
      kind: 'actions.reminder',
      object: `actions:${id}:reminder:${today}`,
      personId: lead.id,
      meetingId: action.meeting_id,
      payload: { action_ids: [id], by_hand: true },
      isRestricted: lead.is_restricted,
      queuedBy: by.id,
    });
    await record(trx, by, {
      action: 'action.remind',
      noun: 'actions',
      id,
      meetingId: historyOf(action),
      after: { person_id: lead.id },
    });
    return { ok: true } as const;
  });
}
