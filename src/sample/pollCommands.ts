import { addAbsence } from '../absences/commands.js';
import type { Db } from '../lib/db/db.js';
import { addDays, dayOf, startOfDay, toInstant, weekdayOf } from '../lib/time/zone.js';
import { answerPoll } from '../polls/answerCommands.js';
import { createPoll } from '../polls/commands.js';
import type { PollAnswer } from '../polls/forms.js';
import { listOptions } from '../polls/queries.js';
import type { SampleCast } from './castCommands.js';

/** A few people who are away in these days, as their deputies or the secretary entered it. */
export async function addAbsences(trx: Db, cast: SampleCast): Promise<void> {
  const today = dayOf(cast.now, cast.zone);
  const away = [
    { unit: 'finance', place: 1, kind: 'leave', from: 1, to: 4, note: '年休假' },
    { unit: 'hr', place: 0, kind: 'trip', from: 2, to: 3, note: '赴省厅开会' },
    { unit: 'office', place: 3, kind: 'other', from: 1, to: 1, hours: ['14:00', '17:00'], note: '体检' },
  ] as const;
  for (const one of away) {
    const person = cast.units.get(one.unit)?.[one.place];
    const [first, last] = [addDays(today, one.from), addDays(today, one.to)];
    const hours = 'hours' in one ? one.hours : undefined;
    const startsAt = hours ? toInstant(first, hours[0], cast.zone) : startOfDay(first, cast.zone);
    const endsAt = hours ? toInstant(last, hours[1], cast.zone) : startOfDay(addDays(last, 1), cast.zone);
    if (person && startsAt && endsAt)
      await addAbsence(trx, { id: cast.secretary }, person, {
        kind: one.kind,
        startsAt,
        endsAt,
        isAllDay: !hours,
        note: one.note,
      });
  }
}

/** An open poll with some answers: three times next week, four people and an outside guest. */
export async function addPoll(trx: Db, cast: SampleCast): Promise<void> {
  const today = dayOf(cast.now, cast.zone);
  const monday = addDays(today, 8 - weekdayOf(today));
  const room = cast.rooms.get('b302') ?? [...cast.rooms.values()].find(({ parts }) => parts.length === 0);
  const span = (days: number, from: string, to: string) => {
    const [startsAt, endsAt] = [
      toInstant(addDays(monday, days), from, cast.zone),
      toInstant(addDays(monday, days), to, cast.zone),
    ];
    return startsAt && endsAt ? [{ startsAt, endsAt, roomIds: room ? [room.id] : [] }] : [];
  };
  const options = [...span(1, '12:30', '13:30'), ...span(2, '16:45', '17:45'), ...span(3, '12:30', '13:30')];
  const people = [
    ...(cast.units.get('office') ?? []).slice(0, 1),
    ...(cast.units.get('office') ?? []).slice(4, 6),
    ...(cast.units.get('finance') ?? []).slice(0, 1),
  ];
  const made = await createPoll(
    trx,
    { id: cast.secretary },
    {
      title: '校庆筹备协调会',
      note: '请各位选择合适的时间，会期约一小时。',
      zone: cast.zone,
      isPrivate: false,
      deadlineAt: startOfDay(addDays(monday, 1), cast.zone),
      options,
      people: [
        { personId: cast.secretary, isRequired: true },
        ...people.map((personId, n) => ({ personId, isRequired: n < 3 })),
      ],
      guests: [{ name: '顾远', email: 'gu.yuan@partner.example', isRequired: false }],
    },
    cast.now,
  );
  if (!made.ok) throw new Error(`sample poll: ${made.reason}`);
  const ids = (await listOptions(trx, made.id)).map(({ id }) => id);
  const said: PollAnswer[][] = [
    ['yes', 'yes', 'maybe'],
    ['yes', 'no', 'yes'],
    ['yes', 'maybe', 'no'],
  ];
  for (const [n, answers] of said.entries()) {
    const person = [cast.secretary, ...people][n];
    if (person)
      await answerPoll(trx, { id: person }, made.id, {
        personId: person,
        answers: new Map(ids.map((id, at) => [id, answers[at] ?? 'no'])),
        note: n === 2 ? '周三下午另有会，可晚到。' : '',
        now: cast.now,
      });
  }
}
