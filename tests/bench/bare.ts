// The yardstick: the same table, feed, CSV and inserts by Express, EJS and pg as everybody would write them
// first, without people, languages, access, history of forms or a layout. What the product costs more is what
// those cost.
import { stringify } from 'csv-stringify/sync';
import ejs from 'ejs';
import express from 'express';
import type { AddressInfo } from 'node:net';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env.BENCH_DATABASE_URL ?? '', max: 10 });
const app = express();
app.set('view cache', true);
app.use(express.urlencoded({ extended: false }));

interface Booking {
  id: string;
  room_id: string;
  title: string;
  starts_at: Date;
  ends_at: Date;
}

app.get('/day', (req, res, next) => {
  void (async () => {
    const start = new Date(`${String(req.query.date)}T00:00:00+08:00`);
    const end = new Date(start.getTime() + 86_400_000);
    const rooms = (
      await pool.query<{ id: string; name_en: string; capacity: number }>(
        'select id, name_en, capacity from rooms order by sort_order, id',
      )
    ).rows;
    const bookings = (
      await pool.query<Booking>(
        `select m.id, c.room_id, m.title, c.starts_at, c.ends_at
           from room_claims c join meetings m on m.id = c.meeting_id
          where c.occupies_from >= $1 and c.occupies_from < $2 and c.state = 'confirmed'
          order by c.room_id, c.occupies_from`,
        [start, end],
      )
    ).rows;
    const time = (unit: number) =>
      `${String(Math.floor(unit / 4)).padStart(2, '0')}:${String((unit % 4) * 15).padStart(2, '0')}`;
    const unit = (at: Date) => Math.round((at.getTime() - start.getTime()) / 900_000);
    const grid = rooms.map((room) => {
      const cells: { span: number; from: string; to: string; booking?: Booking }[] = [];
      let at = 32;
      for (const booking of bookings.filter((one) => one.room_id === room.id)) {
        const [from, to] = [unit(booking.starts_at), unit(booking.ends_at)];
        if (from > at) cells.push({ span: from - at, from: time(at), to: time(from) });
        cells.push({ span: to - from, from: time(from), to: time(to), booking });
        at = to;
      }
      if (at < 72) cells.push({ span: 72 - at, from: time(at), to: time(72) });
      return { room, cells };
    });
    res
      .type('html')
      .send(
        await ejs.renderFile(
          join(import.meta.dirname, 'bare.ejs'),
          { grid, date: String(req.query.date) },
          { cache: true },
        ),
      );
  })().catch(next);
});

app.get('/feed', (req, res, next) => {
  void (async () => {
    const { rows } = await pool.query<{
      uid: string;
      title: string;
      starts_at: Date;
      ends_at: Date;
      updated_at: Date;
      room: string;
      organiser: string;
      email: string;
    }>(
      `select m.uid, m.title, m.starts_at, m.ends_at, m.updated_at, r.name_en as room,
         o.name_en as organiser, o.email
         from room_claims c
         join meetings m on m.id = c.meeting_id
         join rooms r on r.id = c.room_id
         join persons o on o.id = m.organiser_id
        where c.room_id = $1 and c.occupies_from >= now() - interval '183 days'
          and c.occupies_from < now() + interval '740 days' and c.state = 'confirmed'
        order by c.occupies_from`,
      [req.query.room],
    );
    const text = (value: string) => value.replace(/[\\;,]/g, '\\$&').replace(/\n/g, '\\n');
    const at = (instant: Date) => instant.toISOString().replace(/[-:]|\.\d+/g, '');
    const fold = (line: string) => line.replace(/(.{70})(?=.)/g, '$1\r\n ');
    const events = rows.map((row) =>
      [
        'BEGIN:VEVENT',
        `UID:${row.uid}`,
        `DTSTAMP:${at(row.updated_at)}`,
        `DTSTART:${at(row.starts_at)}`,
        `DTEND:${at(row.ends_at)}`,
        `SUMMARY:${text(row.title)}`,
        `LOCATION:${text(row.room)}`,
        `ORGANIZER;CN="${row.organiser}":mailto:${row.email}`,
        'STATUS:CONFIRMED',
        'END:VEVENT',
      ]
        .map(fold)
        .join('\r\n'),
    );
    res
      .type('text/calendar')
      .send(
        ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//bare//bare//EN', ...events, 'END:VCALENDAR', ''].join(
          '\r\n',
        ),
      );
  })().catch(next);
});

app.get('/csv', (req, res, next) => {
  void (async () => {
    const { rows } = await pool.query<{
      uid: string;
      room: string;
      starts_at: Date;
      ends_at: Date;
      title: string;
      email: string;
      description: string;
    }>(
      `select m.uid, r.code as room, m.starts_at, m.ends_at, m.title, o.email, m.description
         from meetings m
         join persons o on o.id = m.organiser_id
         join meeting_rooms x on x.meeting_id = m.id
         join rooms r on r.id = x.room_id
        where m.state <> 'cancelled' and m.starts_at >= $1 and m.starts_at < $2 order by m.starts_at, m.id`,
      [
        new Date(`${String(req.query.from)}T00:00:00+08:00`),
        new Date(Date.parse(`${String(req.query.to)}T00:00:00+08:00`) + 86_400_000),
      ],
    );
    const lines = rows.map((row) => [
      row.uid,
      row.room,
      row.starts_at.toISOString(),
      row.ends_at.toISOString(),
      row.title,
      row.email,
      row.description,
    ]);
    res.type('text/csv').send(
      stringify(lines, {
        header: true,
        columns: ['id', 'room', 'from', 'to', 'title', 'organiser', 'description'],
      }),
    );
  })().catch(next);
});

// The same figures of the use of rooms as the product's report, one plain query each.
app.get('/use', (req, res, next) => {
  void (async () => {
    const [from, to] = [
      new Date(`${String(req.query.from)}T00:00:00+08:00`),
      new Date(Date.parse(`${String(req.query.to)}T00:00:00+08:00`) + 86_400_000),
    ];
    const before = new Date(2 * from.getTime() - to.getTime());
    const STANDING = `from room_claims c join meetings m on m.id = c.meeting_id
    where c.state = 'confirmed' and c.occupies_from >= $1 and c.occupies_from < $2`;
    const ROOMS = `select r.name_en as name, x.* from rooms r left join (
        select c.room_id, count(*) as meetings,
          sum(extract(epoch from c.occupies_to - c.occupies_from)) / 3600 as hours,
            sum(extract(epoch from c.ends_at - c.starts_at)) / 3600 as held,
               percentile_cont(0.5) within group (order by c.ends_at - c.starts_at) as middle
          ${STANDING}
         group by 1) x on x.room_id = r.id
       order by r.sort_order, r.id`;
    const all = (sql: string, since = from, until = to) =>
      pool.query<Record<string, unknown>>(sql, [since, until]).then(({ rows }) => rows);
    const CANCELLED = `from meetings m join room_claims c on c.meeting_id = m.id and c.state = 'cancelled'
    where m.state = 'cancelled' and m.starts_at >= $1 and m.starts_at < $2`;
    const MISSED = `from check_in_outcomes o join meetings m on m.id = o.meeting_id
    where o.starts_at >= $1 and o.starts_at < $2`;
    const [head, ...tables] = await Promise.all([
      all(
        `select id, name_en
           from rooms
          where created_at is distinct from $1 and created_at is distinct from $2`,
      ),
      all(ROOMS),
      all(ROOMS, before, from),
      all(`select u.name_en as unit, o.name_en as organiser, count(distinct m.id) as meetings,
         sum(extract(epoch from c.occupies_to - c.occupies_from)) / 3600 as hours
             from room_claims c
             join meetings m on m.id = c.meeting_id
             join persons o on o.id = m.organiser_id
             left join units u on u.id = o.unit_id
            where c.state = 'confirmed' and c.occupies_from >= $1 and c.occupies_from < $2
            group by 1, 2
            order by 4 desc limit 50`),
      all(`select extract(isodow from h) as weekday, extract(hour from h) as hour,
         sum(extract(epoch from least(t, h + interval '1 hour') - greatest(f, h))) / 3600 as hours
             from (
               select c.occupies_from at time zone 'Asia/Shanghai' as f,
                 c.occupies_to at time zone 'Asia/Shanghai' as t ${STANDING}) x,
                  generate_series(date_trunc('hour', f), t - interval '1 second', interval '1 hour') h
                  group by 1, 2
                  order by 1, 2`),
      all(`select r.name_en as room, avg(n.people::float8 / r.capacity) as invited,
         avg(n.came::float8 / r.capacity) filter (where n.came > 0) as came
             from (
               select m.id, count(p.id) as people, count(a.participant_id) as came
               from meetings m left join participants p on p.meeting_id = m.id and p.removed_at is null
                     left join attendances a on a.participant_id = p.id and a.status = 'present'
                     where m.state <> 'cancelled' and m.starts_at >= $1 and m.starts_at < $2
                     group by 1) n
             join meeting_rooms x on x.meeting_id = n.id join rooms r on r.id = x.room_id
              group by 1
              order by 1`),
      all(`select c.room_id, count(*) as cancelled ${CANCELLED} group by 1 order by 1`),
      all(`select m.organiser_id, count(distinct m.id) as cancelled ${CANCELLED} group by 1 order by 1`),
      all(
        `select o.room_id, count(*) as judged,
           count(*) filter (where o.outcome = 'no_show') as absent ${MISSED}
          group by 1
          order by 1`,
      ),
      all(
        `select m.organiser_id, count(*) as judged,
           count(*) filter (where o.outcome = 'no_show') as absent ${MISSED}
          group by 1
          order by 1`,
      ),
    ]);
    res
      .type('html')
      .send(
        await ejs.renderFile(join(import.meta.dirname, 'bareUse.ejs'), { head, tables }, { cache: true }),
      );
  })().catch(next);
});

app.post('/series', (req, res, next) => {
  void (async () => {
    const { from_on, from, to, rooms } = req.body as Record<string, string>;
    const client = await pool.connect();
    try {
      await client.query('begin');
      const dates = Array.from({ length: 52 }, (_, week) => {
        const at = (time: string | undefined) =>
          new Date(Date.parse(`${from_on}T${time}:00+08:00`) + week * 7 * 86_400_000);
        return { start: at(from), end: at(to), uid: randomUUID() };
      });
      const made = await client.query<{ id: string }>(
        `with made as (
           insert into meetings (title, starts_at, ends_at, zone, organiser_id, created_by, uid)
           select 'Weekly', s, e, 'Asia/Shanghai', 1, 1, u
             from unnest($1::timestamptz[], $2::timestamptz[], $3::text[]) as d (s, e, u)
           returning id, starts_at, ends_at
         ), noted as (insert into meeting_rooms (meeting_id, room_id) select id, $4 from made)
         insert into room_claims (room_id, meeting_id, state, starts_at, ends_at, occupies_from,
           occupies_to, created_by)
         select $4, id, 'confirmed', starts_at, ends_at, starts_at, ends_at, 1
           from made
          order by starts_at
          on conflict do nothing
         returning id`,
        [dates.map(({ start }) => start), dates.map(({ end }) => end), dates.map(({ uid }) => uid), rooms],
      );
      if (made.rowCount !== 52) throw new Error('taken');
      await client.query('commit');
      res.redirect(303, '/series/1');
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      client.release();
    }
  })().catch(next);
});

app.post('/book', (req, res, next) => {
  void (async () => {
    const { title, date, from, to, room } = req.body as Record<string, string>;
    const [start, end] = [new Date(`${date}T${from}:00+08:00`), new Date(`${date}T${to}:00+08:00`)];
    const client = await pool.connect();
    try {
      await client.query('begin');
      const made = await client.query<{ id: string }>(
        `insert into meetings (title, starts_at, ends_at, zone, organiser_id, created_by, uid)
         values ($1, $2, $3, 'Asia/Shanghai', 1, 1, $4)
         returning id`,
        [title, start, end, randomUUID()],
      );
      const id = made.rows[0]?.id;
      await client.query('insert into meeting_rooms (meeting_id, room_id) values ($1, $2)', [id, room]);
      const claimed = await client.query(
        `insert into room_claims (room_id, meeting_id, state, starts_at, ends_at, occupies_from,
           occupies_to, created_by)
         values ($1, $2, 'confirmed', $3, $4, $3, $4, 1)
         on conflict do nothing
         returning id`,
        [room, id, start, end],
      );
      if (!claimed.rowCount) throw new Error('taken');
      await client.query(
        `insert into audit_events (person_id, action, noun, noun_id, meeting_id, after)
         values (1, 'meeting.create', 'meetings', $1, $1, $2)`,
        [id, JSON.stringify({ title })],
      );
      await client.query('commit');
      res.redirect(303, `/meetings/${id}`);
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      client.release();
    }
  })().catch(next);
});

const server = app.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
server.keepAliveTimeout = 0; // as in product.ts
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
