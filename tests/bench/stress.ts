// npm run bench -- stress [attempts] [clients]: everybody at once. People of all roles book, move, call off,
// restore, ask, decide, swap, queue, plan series, close rooms and move what is in the way, over HTTP against
// the real app with a real worker beside it; holds run out under them. Afterwards the database must hold no
// overlap and its log no error.
import { load, type CheerioAPI } from 'cheerio';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { pino } from 'pino';
import { openSession } from '../../src/auth/commands.js';
import { SESSION_COOKIE } from '../../src/auth/gate.js';
import { row, rows, type Db } from '../../src/lib/db/db.js';
import { drain } from '../../src/lib/jobs/drain.js';
import { addDays, dayOf, timeOf, weekdayOf } from '../../src/lib/time/zone.js';
import { jobs } from '../../src/worker.js';
import { ask, type Reply, type Subject } from './measure.js';

const ZONE = 'Asia/Shanghai';
const DAYS = 12;
const STOCK = 6;

export interface StressOptions {
  attempts: number;
  clients: number;
  /** Fixed, so that a run can be repeated. */
  seed?: number;
}

export interface StressResult {
  /** 'move 409' → how often. */
  answers: Map<string, number>;
  /**
   * Answers of 500 and more, refusals that are no page, and breaches found in the database; none is right.
   */
  wrong: string[];
  seconds: number;
}

/**
 * A small office: rooms of every kind, people of every role, rules, stock, a hall of two parts. Returns the
 * sessions' cookies.
 */
async function furnish(owner: Db): Promise<string[]> {
  await owner.raw(
    `insert into organisations (name_en, name_zh, zone) values ('Stress Office', '压力测试办公室', '${ZONE}')`,
  );
  await owner.raw(
    `insert into persons (name, name_en, email, role, lang, zone)
     select '王' || n, 'Person ' || n, 'p' || n || '@office.example',
       case when n <= 4 then 'secretary' else 'member' end,
         case when n % 2 = 0 then 'en' else 'zh-CN' end, '${ZONE}'
       from generate_series(1, 32) n`,
  );
  await owner.raw('insert into accounts (person_id) select id from persons');
  await owner.raw(`insert into rooms (code, name_en, name_zh, building, floor, capacity, setup_minutes,
      teardown_minutes)
    select 'r' || n, 'Room ' || n, n || '号会议室', 'A', '1', 10 + n, case when n % 4 = 0 then 10 else 0 end,
      case when n % 4 = 1 then 5 else 0 end
      from generate_series(1, 8) n`);
  await owner.raw(
    `insert into rooms (code, name_en, name_zh, building, floor, capacity)
     values ('hall', 'Hall', '大厅', 'A', '1', 90), ('east', 'East', '东厅', 'A', '1', 40),
       ('west', 'West', '西厅', 'A', '1', 40)`,
  );
  await owner.raw(
    `insert into room_hours (room_id, weekday, opens_at, closes_at)
     select id, d, '00:00', '24:00'
       from rooms, generate_series(1, 7) d`,
  );
  await owner.raw(
    `insert into room_parts (hall_id, part_id)
     select h.id, p.id
       from rooms h, rooms p
      where h.code = 'hall' and p.code in ('east', 'west')`,
  );
  await owner.raw(
    `insert into booking_rules (room_id, in_policy, requests_hold)
     select id, 'request', case code when 'r7' then 'hold' else 'free' end
       from rooms
      where code in ('r7', 'r8')`,
  );
  await owner.raw(
    `insert into booking_rules (room_id, quota_person_coming) select id, 12 from rooms where code = 'r6'`,
  );
  await owner.raw(
    `insert into room_approvers (room_id, person_id)
     select r.id, p
       from rooms r, generate_series(5, 6) p
      where code in ('r7', 'r8')`,
  );
  await owner.raw(
    `insert into equipment_kinds (code, name_en, name_zh, is_movable, stock)
     values ('cam', 'Camera', '摄像机', true, ${STOCK})`,
  );
  const people = await rows<{ id: number }>(owner, `select id from persons order by id`);
  return Promise.all(people.map(async ({ id }) => `${SESSION_COOKIE}=${await openSession(owner, id)}`));
}

/** Numbers that look random and are the same in every run (mulberry32). */
function dice(seed: number): (below: number) => number {
  let a = seed;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Fields = Record<string, string | string[]>;

/** A form of a page as a browser would send it. */
function read($: CheerioAPI, selector: string): { action: string; fields: Fields } | undefined {
  const form = $(selector).first();
  const action = form.attr('action');
  if (!action) return undefined;
  const fields: Fields = {};
  const add = (name: string | undefined, value: string) => {
    if (!name) return;
    fields[name] = name in fields ? [fields[name] ?? [], value].flat() : value;
  };
  form.find('input, select, textarea').each((_, element) => {
    const field = $(element);
    const type = field.attr('type') ?? '';
    if (field.attr('disabled') !== undefined || ['submit', 'button', 'file'].includes(type)) return;
    if ((type === 'checkbox' || type === 'radio') && field.attr('checked') === undefined) return;
    add(
      field.attr('name'),
      element.tagName === 'select'
        ? String(
            field.find('option[selected]').attr('value') ?? field.find('option').first().attr('value') ?? '',
          )
        : String(field.val() ?? field.attr('value') ?? ''),
    );
  });
  return { action, fields };
}

/** Sends `attempts` mixed requests, then looks into the database and its log. */
export async function stress(
  product: Pick<Subject, 'port'>,
  owner: Db,
  appUrl: string,
  logFile: string,
  options: StressOptions,
): Promise<StressResult> {
  const cookies = await furnish(owner);
  const today = dayOf(new Date(), ZONE);
  const roll = dice(options.seed ?? 1);
  const agent = new Agent({ keepAlive: true, maxSockets: options.clients });
  const answers = new Map<string, number>();
  const wrong: string[] = [];
  const logStart = existsSync(logFile) ? readFileSync(logFile, 'utf8').length : 0;
  const roomIds = (await rows<{ id: number }>(owner, 'select id from rooms order by id')).map(({ id }) => id);
  let meetings: { id: number; who: number }[] = [];

  const send = async (name: string, who: number, path: string, fields?: Fields): Promise<Reply> => {
    const body =
      fields &&
      new URLSearchParams(
        Object.entries(fields).flatMap(([key, value]) =>
          [value].flat().map((one) => [key, one] as [string, string]),
        ),
      ).toString();
    const reply = await ask(product.port, agent, {
      method: fields ? 'POST' : 'GET',
      path,
      headers: {
        'Sec-Fetch-Site': 'same-origin',
        Accept: 'text/html',
        'Accept-Language': 'en',
        Cookie: cookies[who] ?? '',
      },
      ...(body === undefined ? {} : { body }),
    });
    if (fields || reply.status >= 400) {
      const key = `${name} ${reply.status}`;
      answers.set(key, (answers.get(key) ?? 0) + 1);
    }
    if (reply.status >= 500) wrong.push(`${name} ${path}: ${reply.status}`);
    else if (reply.status >= 400) {
      const $ = load(reply.body);
      if (
        !$('main h1').text().trim() ||
        $('main').text().trim().length < 20 ||
        $('main a, main button, body > header a').length === 0
      )
        wrong.push(`${name} ${path}: ${reply.status} is no page with a way on`);
    }
    return reply;
  };
  const some = <T>(list: readonly T[]): T | undefined => list[roll(list.length || 1)];
  const clock = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  const slot = () => {
    const [from, length] = [480 + 15 * roll(36), 30 + 15 * roll(6)];
    return { on: addDays(today, 1 + roll(DAYS)), from: clock(from), to: clock(from + length) };
  };
  const keep = (reply: Reply, who: number) => {
    const id = Number(/\/meetings\/(\d+)/.exec(String(reply.headers.location ?? ''))?.[1]);
    if (id) meetings.push({ id, who });
  };
  const anyMeeting = () => some(meetings);
  const page = async (name: string, who: number, path: string) => load((await send(name, who, path)).body);

  const book = async (who: number, more: Partial<{ date: string; from: string; to: string }> = {}) => {
    const { on, from, to } = slot();
    const rooms = roll(5) === 0 ? [some(roomIds), some(roomIds)] : [some(roomIds)];
    const fields = {
      title: `Stress ${roll(1000)}`,
      date: on,
      from,
      to,
      ...more,
      room: rooms.map(String),
      seats: '',
      key: randomUUID(),
    };
    const reply = await send('book', who, '/bookings', fields);
    if (reply.status === 409 && roll(8) === 0)
      keep(await send('queue', who, '/bookings', { ...fields, wait: 'on', key: randomUUID() }), who);
    keep(reply, who);
  };
  const edit = async (change: (fields: Fields) => Fields, name: string) => {
    const meeting = anyMeeting();
    if (!meeting) return;
    const form = read(
      await page(name, meeting.who, `/meetings/${meeting.id}/edit`),
      'main form[action^="/meetings/"]',
    );
    if (form) await send(name, meeting.who, form.action, change(form.fields));
  };
  const press =
    (name: string, verb: string, fields: Fields = {}) =>
    async () => {
      const meeting = anyMeeting();
      if (meeting) await send(name, meeting.who, `/meetings/${meeting.id}/${verb}`, fields);
    };
  const decide = async () => {
    const open = await row<{ id: number }>(
      owner,
      `select id from room_requests where state = 'open' order by random() limit 1`,
    );
    if (!open) return;
    const verdict = some(['approve', 'approve', 'approve', 'return', 'refuse']) ?? 'approve';
    // Both who decide press at once.
    await Promise.all(
      [4, 5].map((who) =>
        send(
          'decide',
          who,
          `/rooms/requests/${open.id}/answer`,
          verdict === 'approve' ? { verdict } : { verdict, code: 'time', reason: 'Not then' },
        ),
      ),
    );
  };
  const series = async (who: number) => {
    const { on, from, to } = slot();
    const plan = await send('series', who, '/series', {
      name: `Weekly ${roll(100)}`,
      organiser: '',
      lang: 'en',
      first_number: '1',
      gates: '',
      frequency: 'weekly',
      every: '1',
      weekday: String(weekdayOf(on)),
      month_day: '1',
      nth: '1',
      nth_weekday: '1',
      ends: 'count',
      count: String(3 + roll(4)),
      zone: ZONE,
      confirmed: 'on',
      key: randomUUID(),
      from_on: on,
      from,
      to,
      rooms: String(some(roomIds)),
    });
    if (plan.status === 303 || plan.status >= 500) return;
    const form = read(load(plan.body), 'main form[method=post]');
    if (!form) return;
    const choice = [form.fields.choice ?? []].flat().map((as) => some([as, 'wait', 'skip']) ?? as);
    await send('series, plan', who, form.action, {
      ...form.fields,
      choice,
      reason: choice.map((as) => (as === 'skip' ? 'No room' : '')),
    });
  };
  const swap = async () => {
    const meeting = anyMeeting();
    if (!meeting) return;
    const $ = await page('swap', 0, `/meetings/${meeting.id}/swap`);
    const form = read($, `main form[action="/meetings/${meeting.id}/swap"]`);
    const other = some(
      $('input[name=other]')
        .map((_, field) => String($(field).val()))
        .get(),
    );
    if (form && other) await send('swap', 0, form.action, { ...form.fields, other });
  };
  const close = async () => {
    const { on, from, to } = slot();
    const room = some(roomIds) ?? 1;
    await send('close', 1, `/rooms/${room}/closures`, {
      from_date: on,
      from_time: from,
      to_date: on,
      to_time: to,
      reason: 'Works',
      key: randomUUID(),
    });
    const made = await row<{ id: number; group_id: number | null }>(
      owner,
      `select id, group_id from closures where lifted_at is null order by id desc limit 1`,
    );
    if (!made?.group_id) return;
    const form = read(
      await page('re-accommodate', 1, `/rooms/closures/${made.group_id}/moves`),
      `main form[action="/rooms/closures/${made.group_id}/moves"]`,
    );
    if (form) await send('re-accommodate', 1, form.action, form.fields);
  };
  const lift = async () => {
    const open = await row<{ group_id: number }>(
      owner,
      `select group_id
         from closures
        where lifted_at is null and group_id is not null
        order by random() limit 1`,
    );
    if (open) await send('lift', 1, `/rooms/closures/${open.group_id}/lifting`, {});
  };
  const now = async (who: number) => {
    const minute = Math.floor(Date.now() / 60_000) * 60_000;
    const [from, to] = [timeOf(new Date(minute), ZONE), timeOf(new Date(minute + 1_800_000), ZONE)];
    if (from < to) await book(who, { date: today, from, to });
  };
  const runOut = () =>
    owner.raw(
      `update room_claims
        set hold_until = now()
        where id in (
          select id
          from room_claims
          where state = 'held' and hold_until > now()
          order by random() limit 2)`,
    );
  const poll = async (who: number) => {
    const [one, two] = [slot(), slot()];
    await send('poll', who, '/polls', {
      title: 'When?',
      note: '',
      required: 'p9@office.example',
      optional: '',
      minutes: '45',
      on_0: one.on,
      from_0: one.from,
      on_1: two.on,
      from_1: two.from,
      deadline_on: today,
      deadline_at: '23:59',
      needs_room: 'on',
      key: randomUUID(),
    });
  };
  const equip = (fields: Fields): Fields => ({
    ...fields,
    pieces: [fields.pieces ?? []].flat().map(() => String(roll(4))),
  });

  /** What people do, as often as the number says. */
  const acts: [number, (who: number) => Promise<unknown>][] = [
    [30, (who) => book(who)],
    [14, () => edit((fields) => ({ ...fields, ...slot() }), 'move')],
    [8, () => edit((fields) => ({ ...fields, rooms: [String(some(roomIds))] }), 'change room')],
    [5, () => edit(equip, 'equipment')],
    [8, press('cancel', 'cancellation', { reason: 'Not needed' })],
    [6, press('restore', 'restoration')],
    [8, decide],
    [4, (who) => series(who)],
    [6, swap],
    [3, close],
    [3, lift],
    [3, (who) => now(who)],
    [2, press('end early', 'early-end')],
    [2, press('extend', 'extension', { minutes: '15' })],
    [2, press('check in', 'check-in')],
    [3, press('take', 'wait/acceptance')],
    [1, press('decline', 'wait/withdrawal')],
    [2, (who) => poll(who)],
    [2, runOut],
  ];
  const total = acts.reduce((sum, [share]) => sum + share, 0);
  const next = (who: number) => {
    let left = roll(total);
    return (acts.find(([share]) => (left -= share) < 0)?.[1] ?? book)(who);
  };

  let isOver = false;
  const config = {
    port: 0,
    host: '127.0.0.1',
    dataDir: '/tmp',
    databaseUrl: appUrl,
    databaseDirectUrl: appUrl,
    publicUrl: 'http://127.0.0.1',
    secretKey: 'a secret of thirty-two characters',
    mailFrom: 'Banhui <office@office.example>',
    mailDomain: 'office.example',
    trustProxy: [],
    logLevel: 'silent' as const,
  };
  const worker = (async () => {
    while (!isOver) {
      const failed = await drain(appUrl, jobs, {
        db: owner,
        config,
        clock: { now: () => new Date() },
        log: pino({ level: 'silent' }),
      });
      wrong.push(...failed.map((what) => `worker: ${what}`));
      for (const job of ['meetings.serveWaits', 'meetings.judgeCheckIns', 'rooms.sweepLapsed'])
        await owner.raw('select graphile_worker.add_job(?, job_key => ?)', [job, job]);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  })();

  const began = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: options.clients }, async (_, client) => {
      while (done < options.attempts) {
        done += 1;
        if (done % 10_000 === 0)
          console.log(
            `${done.toLocaleString('en')} after ${((performance.now() - began) / 1000).toFixed(0)} s`,
          );
        await next(client % cookies.length);
        if (meetings.length > 3000) meetings = meetings.slice(-2000);
      }
    }),
  );
  isOver = true;
  await worker;
  agent.destroy();
  wrong.push(...(await breaches(owner)));
  if (existsSync(logFile))
    wrong.push(
      ...readFileSync(logFile, 'utf8')
        .slice(logStart)
        .split('\n')
        .filter((line) => /ERROR|FATAL|PANIC|deadlock|could not serialize/.test(line))
        .slice(0, 20),
    );
  return { answers, wrong, seconds: (performance.now() - began) / 1000 };
}

/** What must hold whatever was done at once; found by plain joins, not by the code under test. */
async function breaches(owner: Db): Promise<string[]> {
  const LIVE = `state in ('held', 'requested', 'confirmed')`;
  const checks: [string, string][] = [
    [
      'claims overlap',
      `select a.id
         from room_claims a
         join room_claims b on a.room_id = b.room_id and a.id < b.id and a.occupies && b.occupies
        where a.${LIVE} and b.${LIVE} and a.is_holding and b.is_holding`,
    ],
    [
      'a hall is claimed itself',
      `select c.id from room_claims c join room_parts p on p.hall_id = c.room_id where c.${LIVE}`,
    ],
    [
      'a meeting to come has a room without a claim',
      `select m.id
         from meetings m
         join meeting_rooms x on x.meeting_id = m.id
         left join room_parts p on p.hall_id = x.room_id
       where m.state in ('draft', 'scheduled') and m.starts_at > now()
         and not exists (
           select 1
           from room_claims c
           where c.meeting_id = m.id and c.room_id = coalesce(p.part_id, x.room_id) and c.${LIVE})
         and not exists (
           select 1
           from room_requests q
           where q.meeting_id = m.id and q.room_id = x.room_id
             and q.state in ('refused', 'returned', 'withdrawn'))`,
    ],
    [
      'a claim is at another time than its meeting',
      `select c.id
         from room_claims c join meetings m on m.id = c.meeting_id
        where c.${LIVE} and m.starts_at > now() and (c.starts_at <> m.starts_at or c.ends_at <> m.ends_at)`,
    ],
    [
      'a cancelled meeting occupies a room',
      `select c.id
         from room_claims c join meetings m on m.id = c.meeting_id
        where c.${LIVE} and m.state = 'cancelled'`,
    ],
    [
      'more equipment is away than there is',
      `select b.meeting_id as id
         from equipment_bookings b
        where b.is_held
          and (
            select sum(o.quantity)
            from equipment_bookings o
            where o.kind_id = b.kind_id and o.is_held and o.starts_at <= b.starts_at
              and o.ends_at > b.starts_at) > ${STOCK}`,
    ],
    [
      'a request was decided twice',
      `select meeting_id as id
         from room_requests
        where state = 'open'
        group by meeting_id, room_id
        having count(*) > 1`,
    ],
    [
      'a quota is exceeded',
      `select m.organiser_id as id
         from meetings m
         join meeting_rooms x on x.meeting_id = m.id
         join rooms r on r.id = x.room_id and r.code = 'r6'
       where m.starts_at > now() and m.state in ('draft', 'scheduled') and m.organiser_id > 4
         and exists (select 1 from room_claims c where c.meeting_id = m.id and c.${LIVE})
       group by 1
       having count(*) > 12`,
    ],
    [
      'a meeting has no history',
      `select m.id from meetings m where not exists (select 1 from audit_events e where e.meeting_id = m.id)`,
    ],
  ];
  const found: string[] = [];
  for (const [what, sql] of checks) {
    const ids = (await rows<{ id: number }>(owner, sql)).map(({ id }) => id);
    if (ids.length > 0)
      found.push(
        `${what}: ${ids.slice(0, 10).join(', ')}${ids.length > 10 ? ` and ${ids.length - 10} more` : ''}`,
      );
  }
  return found;
}
