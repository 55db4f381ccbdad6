import { rows, type Db } from '../lib/db/db.js';
import { layersOf } from '../rules/queries.js';
import { rulesFrom, type RuleLayer } from '../rules/layers.js';
import {
  commonStep,
  DAYS,
  HAS_TIMES,
  isAllowed,
  KNOWS_TITLE,
  OUT_UNTIL,
  outOfService,
  type Alternatives,
  type Clash,
  type RoomWithHours,
} from './queries.js';
import { OPENING } from '../hours/dayRuleQueries.js';
import { nearestFreeTimes } from './freeTimes.js';
import { holdOf } from './holdQueries.js';
import { commonHours, outsideHours, type Opening, type Span } from '../hours/openingHours.js';
import { nextStart } from '../rules/checks.js';

/** One of many wishes, under a key of the caller. */
export interface KeyedWish<K> {
  key: K;
  roomIds: readonly number[];
  startsAt: Date;
  endsAt: Date;
  exceptMeetingId?: number;
  /** People expected: no smaller room is offered. */
  seats?: number | null;
  /** For whom it is booked: nothing is offered that the rules refuse this person. */
  personId?: number | null;
  /** What the rules of the rooms would allow, where they refuse the wish itself: times are looked for near it. */
  allowed?: Span;
}

interface ClashRow extends Omit<Clash, 'kind'> {
  n: number;
  closure_id: number | null;
  is_meeting: boolean;
}

/** From the first beginning to the last end. */
export function spanOf(wishes: readonly { startsAt: Date; endsAt: Date }[]): { from: Date; to: Date } {
  return {
    from: new Date(Math.min(...wishes.map(({ startsAt }) => startsAt.getTime()))),
    to: new Date(Math.max(...wishes.map(({ endsAt }) => endsAt.getTime()))),
  };
}

function listOf<K>(wishes: readonly KeyedWish<K>[]): string {
  return JSON.stringify(
    wishes.flatMap(({ roomIds, startsAt, endsAt, exceptMeetingId }, n) =>
      roomIds.map((room) => ({ n, room, from: startsAt, to: endsAt, except: exceptMeetingId })),
    ),
  );
}

/** `findClashes` for many wishes by one query; at most 10 of each. */
export async function findClashesOfMany<K>(
  db: Db,
  viewerId: number | null,
  wishes: readonly KeyedWish<K>[],
): Promise<Map<K, Clash[]>> {
  const found = await rows<ClashRow>(
    db,
    `with wanted as (
       select w.n, coalesce(p.part_id, r.id) as room_id, w."from", w."to", w."except", max(r.setup_minutes) as setup, max(r.teardown_minutes) as teardown
         from jsonb_to_recordset(:list) as w (n integer, room bigint, "from" timestamptz, "to" timestamptz, "except" bigint)
         join rooms r on r.id = w.room left join room_parts p on p.hall_id = r.id group by 1, 2, 3, 4, 5
     )
     select w.n, jsonb_build_object('id', r.id, 'name_en', r.name_en, 'name_zh', r.name_zh) as room, c.starts_at, c.ends_at, c.occupies_from, c.occupies_to,
            c.closure_id, cl.reason, c.meeting_id is not null as is_meeting, ${holdOf('c')} as hold,
            case when known.yes then m.id end as meeting_id, case when known.yes then m.title end as title,
            case when known.yes then jsonb_build_object('name', o.name, 'name_en', o.name_en) end as organiser
       from wanted w
       join rooms r on r.id = w.room_id
       join room_claims c on c.room_id = w.room_id and c.is_holding and c.state in ('held', 'requested', 'confirmed')
        and c.occupies && tstzrange(w."from" - make_interval(mins => w.setup), w."to" + make_interval(mins => w.teardown))
        and c.meeting_id is distinct from coalesce(w."except", 0)
       left join meetings m on m.id = c.meeting_id
       left join lateral (select ${KNOWS_TITLE} as yes) known on true
       left join persons o on o.id = m.organiser_id
       left join closures cl on cl.id = c.closure_id
      order by w.n, c.starts_at, r.id limit 2000`,
    { list: listOf(wishes), viewer: viewerId },
  );
  const clashes = new Map<K, Clash[]>();
  for (const { n, closure_id, is_meeting, ...clash } of found) {
    const wish = wishes[n];
    if (!wish) continue;
    const ofWish = clashes.get(wish.key) ?? [];
    if (ofWish.length < 10)
      clashes.set(wish.key, [
        ...ofWish,
        { ...clash, kind: is_meeting ? 'meeting' : closure_id ? 'closure' : 'hold' },
      ]);
  }
  return clashes;
}

/** `nearestAlternatives` for many wishes, dates of a standing meeting, by two queries. */
export async function alternativesOfMany<K>(
  db: Db,
  wishes: readonly KeyedWish<K>[],
  now: Date,
): Promise<Map<K, Alternatives>> {
  if (wishes.length === 0) return new Map();
  const [free, busy] = await Promise.all([listFreeRooms(db, wishes, now), listBusy(db, wishes)]);
  const reach = (DAYS + 1) * 86_400_000;
  return new Map(
    wishes.map((wish, n) => {
      const asked = wish.roomIds.flatMap((id) => busy.get(id) ?? []);
      const [first] = asked;
      const wanted = wish.allowed ?? { from: wish.startsAt, to: wish.endsAt };
      const [from, to] = [wanted.from.getTime() - reach, wanted.to.getTime() + reach];
      const rules = asked.map(({ layers }) => rulesFrom(layers.get(wish.personId ?? null) ?? []));
      const step = commonStep(rules);
      const times =
        first && asked.length === wish.roomIds.length
          ? nearestFreeTimes({
              hours: commonHours(asked.map(({ hours }) => hours)),
              zone: first.zone,
              busy: asked.flatMap((room) =>
                room.busy.filter(
                  (span) =>
                    span.to.getTime() > from &&
                    span.from.getTime() < to &&
                    !(wish.exceptMeetingId && span.meeting === wish.exceptMeetingId),
                ),
              ),
              wanted,
              setupMinutes: Math.max(...asked.map((room) => room.setup_minutes)),
              teardownMinutes: Math.max(...asked.map((room) => room.teardown_minutes)),
              notBefore: nextStart(
                rules,
                new Date(now.getTime() + Math.max(...rules.map((one) => one.notice_create)) * 60_000),
                first.zone,
              ),
              days: DAYS,
              limit: 20,
              ...(step ? { stepMinutes: step } : {}),
            }).filter((span) => rules.every((one) => isAllowed(one, span, now, first.zone, true)))
          : [];
      return [wish.key, { rooms: free.get(n) ?? [], times: times.slice(0, 4) }];
    }),
  );
}

async function listFreeRooms<K>(
  db: Db,
  wishes: readonly KeyedWish<K>[],
  now: Date,
): Promise<Map<number, Alternatives['rooms']>> {
  const found = await rows<RoomWithHours & { n: number }>(
    db,
    `select w.n, f.*, (select zone from organisations) as zone
       from jsonb_to_recordset(:list) as w (n integer, rooms jsonb, "from" timestamptz, "to" timestamptz, "except" bigint, person bigint, seats integer)
      cross join lateral (select array(select jsonb_array_elements_text(w.rooms)::bigint) as ids) a
       left join rooms o on o.id = a.ids[1]
      cross join lateral (
        select r.id, r.name_en, r.name_zh, r.capacity, r.building, r.floor, ${OPENING} as hours, ${layersOf('w.person')} as layers
          from rooms r
         where (r.status = 'in_service' or r.status = 'out_of_service' and r.back_at <= w."from") and r.id <> all(a.ids) and (w.seats is null or r.capacity >= w.seats)
           and not exists (select 1 from room_parts p where p.hall_id = r.id and p.part_id = any(a.ids))
           and not exists (select 1 from room_parts p where p.part_id = r.id and p.hall_id = any(a.ids))
           and not exists (
             select 1 from room_claims c
              where (c.room_id = r.id or c.room_id in (select part_id from room_parts where hall_id = r.id))
                and c.is_holding and c.state in ('held', 'requested', 'confirmed') and c.meeting_id is distinct from coalesce(w."except", 0)
                and (c.hold_until is null or c.hold_until > now())
                and c.occupies && tstzrange(w."from" - make_interval(mins => r.setup_minutes), w."to" + make_interval(mins => r.teardown_minutes)))
         order by r.site is distinct from o.site, r.building is distinct from o.building, r.floor is distinct from o.floor,
                  abs(r.capacity - coalesce(o.capacity, 0)), r.sort_order, r.id
         limit 30) f
      order by w.n`,
    {
      list: JSON.stringify(
        wishes.map(({ roomIds, startsAt, endsAt, exceptMeetingId, personId, seats }, n) => ({
          n,
          rooms: roomIds,
          from: startsAt,
          to: endsAt,
          except: exceptMeetingId,
          person: personId ?? null,
          seats: seats ?? null,
        })),
      ),
      ...spanOf(wishes),
    },
  );
  const byWish = new Map<number, Alternatives['rooms']>();
  for (const { n, hours, zone, layers, ...room } of found) {
    const wish = wishes[n];
    const ofWish = byWish.get(n) ?? [];
    if (!wish || ofWish.length === 4 || outsideHours(hours, wish.startsAt, wish.endsAt, zone)) continue;
    const rules = rulesFrom(layers);
    if (!isAllowed(rules, { from: wish.startsAt, to: wish.endsAt }, now, zone, true)) continue;
    const { id, name_en, name_zh, capacity, building, floor } = room;
    byWish.set(n, [
      ...ofWish,
      { id, name_en, name_zh, capacity, building, floor, on_request: rules.in_policy === 'request' },
    ]);
  }
  return byWish;
}

interface Busy {
  hours: Opening;
  zone: string;
  setup_minutes: number;
  teardown_minutes: number;
  /** Rules by the person they were read for. */
  layers: Map<number | null, RuleLayer[]>;
  busy: { from: Date; to: Date; meeting: number | null }[];
}

/** What is taken in each room asked for, from a week before the first wish to a week after the last. */
async function listBusy<K>(db: Db, wishes: readonly KeyedWish<K>[]): Promise<Map<number, Busy>> {
  const reach = (DAYS + 1) * 86_400_000;
  const { from, to } = spanOf([
    ...wishes,
    ...wishes.flatMap(({ allowed }) => (allowed ? [{ startsAt: allowed.from, endsAt: allowed.to }] : [])),
  ]);
  const persons = [...new Set(wishes.map(({ personId }) => personId ?? null))];
  const found = await rows<
    Omit<Busy, 'busy' | 'layers'> & {
      id: number;
      layers: { person: number | null; layers: RuleLayer[] }[];
      busy: { from: string; to: string; meeting: number | null }[];
      out_until: Date | null;
    }
  >(
    db,
    `select r.id, ${OPENING} as hours, r.setup_minutes, r.teardown_minutes, ${OUT_UNTIL} as out_until, (select zone from organisations) as zone,
            (select json_agg(json_build_object('person', p.id, 'layers', ${layersOf('p.id')})) from unnest(cast(:persons as bigint[])) as p (id)) as layers,
            (select coalesce(json_agg(json_build_object('from', c.occupies_from, 'to', c.occupies_to, 'meeting', c.meeting_id)), '[]')
               from room_claims c
              where (c.room_id = r.id or c.room_id in (select part_id from room_parts where hall_id = r.id))
                and c.is_holding and c.state in ('held', 'requested', 'confirmed') and c.occupies && tstzrange(:from, :to)) as busy
       from rooms r where r.id = any(:rooms) and ${HAS_TIMES}`,
    {
      rooms: [...new Set(wishes.flatMap(({ roomIds }) => roomIds))],
      persons,
      from: new Date(from.getTime() - reach),
      to: new Date(to.getTime() + reach),
    },
  );
  return new Map(
    found.map(({ id, busy, layers, out_until, ...room }) => [
      id,
      {
        ...room,
        layers: new Map(layers.map((one) => [one.person, one.layers])),
        busy: [
          ...busy.map(({ from, to, meeting }) => ({ from: new Date(from), to: new Date(to), meeting })),
          ...outOfService(out_until).map((span) => ({ ...span, meeting: null })),
        ],
      },
    ]),
  );
}
