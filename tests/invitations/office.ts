import ICAL from 'ical.js';
import { row, rows, type Db } from '../../src/lib/db/db.js';
import { createMeeting } from '../../src/meetings/commands.js';
import { addParticipants } from '../../src/meetings/participantCommands.js';
import type { Cast } from '../support/cast.js';
import type { Received } from '../support/sink.js';
import type { World } from '../support/world.js';

/** The 6th of March 2030, a Wednesday, 10:00 to 11:00 in Shanghai. */
export const START = new Date('2030-03-06T02:00:00Z');
export const END = new Date('2030-03-06T03:00:00Z');

export function delivered(one: Received | undefined) {
  if (!one) throw new Error('no mail came');
  const text = String(
    one.mail.attachments.find((part) => part.contentType === 'application/ics')?.content ?? '',
  );
  const calendar = text ? new ICAL.Component(ICAL.parse(text) as unknown[]) : undefined;
  const event = calendar?.getFirstSubcomponent('vevent') ?? undefined;
  return {
    ...one,
    text,
    method: String(calendar?.getFirstPropertyValue('method') ?? ''),
    event,
    value: (name: string) => String(event?.getFirstPropertyValue(name) ?? ''),
    attendee: (address: string) =>
      event?.getAllProperties('attendee').find((each) => each.getFirstValue() === `mailto:${address}`),
    attendees: (event?.getAllProperties('attendee') ?? []).map((each) =>
      String(each.getFirstValue()).slice('mailto:'.length),
    ),
    link: /\/i\/([A-Za-z0-9_-]{43})/.exec(one.mail.text ?? '')?.[1] ?? '',
  };
}

export interface Made {
  id: number;
  /** participant id by person id */
  of(personId: number): Promise<number>;
}

/** A meeting of the organiser in Orchid with chair, attendee and an outside guest, not announced yet. */
export async function aMeeting(
  world: World,
  cast: Cast,
  changes: Partial<Parameters<typeof createMeeting>[2]> = {},
): Promise<Made> {
  await clearRooms(world.owner);
  const by = { id: cast.organiser.id };
  const booked = await createMeeting(world.db, by, {
    title: 'Draft budget 2031',
    startsAt: START,
    endsAt: END,
    zone: 'Asia/Shanghai',
    roomIds: [cast.rooms.orchid],
    mailDomain: world.config.mailDomain,
    ...changes,
  });
  if (!booked.ok) throw new Error('not booked');
  await addParticipants(world.db, by, booked.id, [
    { personId: cast.chair.id, role: 'chair' },
    { personId: cast.attendee.id, role: 'required' },
    { personId: cast.guest.id, role: 'optional' },
  ]);
  return {
    id: booked.id,
    of: async (personId) =>
      (
        await row<{ id: number }>(
          world.db,
          `select id from participants where meeting_id = ? and person_id = ?`
            .replace('?', ':m')
            .replace('?', ':p'),
          { m: booked.id, p: personId },
        )
      )?.id ?? -1,
  };
}

async function clearRooms(owner: Db): Promise<void> {
  await owner.raw(
    `update room_claims set state = 'cancelled' where state in ('held', 'requested', 'confirmed')`,
  );
}

export const deliveriesOf = (db: Db, meetingId: number) =>
  rows<{
    person_id: number;
    method: string;
    state: string;
    sequence: number;
    revision: number;
    to_address: string;
  }>(
    db,
    `select person_id, method, state, sequence, revision, to_address
       from deliveries
      where meeting_id = :id
      order by id`,
    { id: meetingId },
  );
