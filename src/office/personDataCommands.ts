import { mergeLeads } from '../actions/mergeCommands.js';
import { mergePresenters } from '../agenda/mergeCommands.js';
import { endAccess, forgetAccess } from '../auth/accountCommands.js';
import { record, type Actor } from '../lib/audit/record.js';
import { inTransaction, type Db } from '../lib/db/db.js';
import { Conflict, Forbidden, NotFound } from '../lib/http/errors.js';
import { forgetAddress } from '../lib/mail/forget.js';
import { forgetTimes } from '../absences/commands.js';
import { forgetPollNotes, mergePollPeople } from '../polls/reminderCommands.js';
import { mergeParticipants } from '../series/handOverCommands.js';
import { mergeGroupMembers } from '../people/groupCommands.js';
import { eraseValues, fillFrom, markMerged } from '../people/commands.js';
import { lockPerson } from '../people/directoryQueries.js';
import { handOverRooms } from '../rooms/handOverCommands.js';

/**
 * Two rows of one guest become one: `dropId` ends, all that is open of it goes to `keepId`, which takes what
 * it lacks.
 */
export async function mergeGuests(db: Db, by: Actor, keepId: number, dropId: number): Promise<void> {
  await inTransaction(db, async (trx) => {
    if (keepId === dropId) throw new Conflict();
    const [first, second] = [
      await lockPerson(trx, Math.min(keepId, dropId)),
      await lockPerson(trx, Math.max(keepId, dropId)),
    ];
    const [keep, drop] = keepId < dropId ? [first, second] : [second, first];
    if (!keep || !drop) throw new NotFound();
    if (!keep.is_guest || !drop.is_guest || drop.has_account) throw new Forbidden('admin.merge.onlyGuests');
    if (keep.deactivated_at || drop.deactivated_at) throw new Conflict();
    await mergeParticipants(trx, by, {
      keepId,
      dropId,
      isReachedElsewhere: (keep.email ?? drop.email) !== drop.email,
    });
    await handOverRooms(trx, by, dropId, keepId);
    await mergeGroupMembers(trx, keepId, dropId);
    await mergePresenters(trx, keepId, dropId);
    await mergeLeads(trx, keepId, dropId);
    await mergePollPeople(trx, keepId, dropId);
    await endAccess(trx, by, dropId);
    await markMerged(trx, dropId, keepId);
    await fillFrom(trx, keepId, drop);
    await record(trx, by, {
      action: 'person.merge',
      noun: 'persons',
      id: keepId,
      before: { person_id: dropId },
      after: { person_id: keepId },
    });
  });
}

/**
 * Removes what identifies a deactivated person; meetings, minutes and history keep the place without the
 * name. No way back.
 */
export async function erasePerson(db: Db, by: Actor, id: number, reason: string): Promise<void> {
  await inTransaction(db, async (trx) => {
    const person = await lockPerson(trx, id);
    if (!person || person.erased_at) throw new NotFound();
    if (!person.deactivated_at) throw new Conflict('admin.erase.firstDeactivate');
    await eraseValues(trx, id);
    await forgetAccess(trx, id);
    await forgetAddress(trx, id);
    await forgetTimes(trx, id);
    await forgetPollNotes(trx, id);
    await record(trx, by, { action: 'person.erase', noun: 'persons', id, note: reason });
  });
}

/** Notes that everything about a person was taken out. */
export async function noteExport(db: Db, by: Actor, id: number): Promise<void> {
  await record(db, by, { action: 'person.export', noun: 'persons', id });
}
