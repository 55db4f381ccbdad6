// The yardstick: the same table and the same inserts by Express, EJS and pg as everybody would write them first, without
// people, languages, access, history of forms or a layout. What the product costs more is what those cost.
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
    const rooms = (await pool.query<{ id: string; name_en: string; capacity: number }>('select id, name_en, capacity from rooms order by sort_order, id')).rows;
    const bookings = (
      await pool.query<Booking>(
        `select m.id, c.room_id, m.title, c.starts_at, c.ends_at from room_claims c join meetings m on m.id = c.meeting_id
          where c.occupies_from >= $1 and c.occupies_from < $2 and c.state = 'confirmed' order by c.room_id, c.occupies_from`,
        [start, end],
      )
    ).rows;
    const time = (unit: number) => `${String(Math.floor(unit / 4)).padStart(2, '0')}:${String((unit % 4) * 15).padStart(2, '0')}`;
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
    res.type('html').send(await ejs.renderFile(join(import.meta.dirname, 'bare.ejs'), { grid, date: String(req.query.date) }, { cache: true }));
  })().catch(next);
});

app.post('/series', (req, res, next) => {
  void (async () => {
    const { from_on, from, to, rooms } = req.body as Record<string, string>;
    const client = await pool.connect();
    try {
      await client.query('begin');
      const dates = Array.from({ length: 52 }, (_, week) => {
        const at = (time: string | undefined) => new Date(Date.parse(`${from_on}T${time}:00+08:00`) + week * 7 * 86_400_000);
        return { start: at(from), end: at(to), uid: randomUUID() };
      });
      const made = await client.query<{ id: string }>(
        `with made as (
           insert into meetings (title, starts_at, ends_at, zone, organiser_id, created_by, uid)
           select 'Weekly', s, e, 'Asia/Shanghai', 1, 1, u from unnest($1::timestamptz[], $2::timestamptz[], $3::text[]) as d (s, e, u) returning id, starts_at, ends_at
         ), noted as (insert into meeting_rooms (meeting_id, room_id) select id, $4 from made)
         insert into room_claims (room_id, meeting_id, state, starts_at, ends_at, occupies_from, occupies_to, created_by)
         select $4, id, 'confirmed', starts_at, ends_at, starts_at, ends_at, 1 from made order by starts_at on conflict do nothing returning id`,
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
        `insert into meetings (title, starts_at, ends_at, zone, organiser_id, created_by, uid) values ($1, $2, $3, 'Asia/Shanghai', 1, 1, $4) returning id`,
        [title, start, end, randomUUID()],
      );
      const id = made.rows[0]?.id;
      await client.query('insert into meeting_rooms (meeting_id, room_id) values ($1, $2)', [id, room]);
      const claimed = await client.query(
        `insert into room_claims (room_id, meeting_id, state, starts_at, ends_at, occupies_from, occupies_to, created_by) values ($1, $2, 'confirmed', $3, $4, $3, $4, 1) on conflict do nothing returning id`,
        [room, id, start, end],
      );
      if (!claimed.rowCount) throw new Error('taken');
      await client.query(`insert into audit_events (person_id, action, noun, noun_id, meeting_id, after) values (1, 'meeting.create', 'meetings', $1, $1, $2)`, [id, JSON.stringify({ title })]);
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

const server = app.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
