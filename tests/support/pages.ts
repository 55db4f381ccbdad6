import { addDoorDisplay, doorToken } from '../../src/doors/commands.js';
import type { Config } from '../../src/config.js';
import { ensureReplyLinks } from '../../src/invitations/linkCommands.js';
import { linkFor } from '../../src/polls/linkCommands.js';
import { rows, type Db } from '../../src/lib/db/db.js';
import { closeRooms } from '../../src/closures/commands.js';

/** What answers to GET without being a page of its own. */
export const NOT_PAGES: Record<string, string> = {
  '/people/search': 'JSON for the picker',
  '/people/import/template': 'CSV',
  '/people/export': 'CSV',
  '/profile/data': 'a file',
  '/rooms/:id/photos/:photo': 'a picture',
  '/rooms/plans/:id/picture': 'a picture',
  '/reset/:token': 'sends on to a page without the token',
  '/account/:token': 'sends on to a page without the token',
  '/account/password': 'reached by a link alone',
  '/setup/:token': 'sends on or says that the office is set up',
  '/meetings/:id/invitation.ics': 'a calendar file',
  '/door/:token': 'sends on to a page without the token',
  '/feeds/:token': 'a calendar file',
  '/i/reply/:id': 'reached by /i/:token',
  '/p/poll/:id': 'reached by /p/:token',
  '/i/reply/:id/meeting.ics': 'a calendar file',
  '/actions/export': 'CSV',
  '/actions/:id/files/:file': 'a file',
  '/minutes/:id/pdf': 'PDF',
  '/papers/:id': 'a file',
  '/meetings/:id/papers.zip': 'a file',
  '/admin/outbox/:id/invite.ics': 'a calendar file',
  '/calendar/use/table': 'CSV',
  '/admin/moving-in/export/rooms': 'CSV',
  '/admin/moving-in/export/bookings': 'CSV',
};

export interface Address {
  /** As the route is written. */
  path: string;
  address: string;
  /** Who opens it; null: nobody is signed in. */
  as: number | null;
}

interface Found {
  id: number;
  /** Whom it concerns. */
  person: number;
}

/**
 * One address or more for every page, out of what the sample office holds: things in all their states, seen
 * by whom they concern.
 */
export async function addressesOf(db: Db, config: Config): Promise<Address[]> {
  const find = (sql: string) => rows<Found>(db, sql);
  const one = async (sql: string) => (await find(sql))[0]?.id ?? 0;
  const account = (role: string) =>
    one(
      `select p.id
         from persons p join accounts a on a.person_id = p.id
        where p.role = '${role}'
        order by p.id limit 1`,
    );
  const administrator = await account('administrator');
  const secretary = await account('secretary');
  const room = await one('select id from rooms order by id limit 1');
  const unit = await one('select id from units order by id limit 1');
  const person = await one('select id from persons where not is_guest order by id desc limit 1');
  const group = await one('select id from people_groups order by id limit 1');
  const [request] = await find('select id, asked_by as person from room_requests order by id limit 1');

  const organiser = await one('select organiser_id as id from meetings order by id limit 1');
  const guests = (await find('select id, id as person from persons where is_guest order by id limit 2')).map(
    ({ id }) => id,
  );
  // The sample has nobody who left and no table that was uploaded.
  const left = await one(
    `insert into persons (name, name_en, zone, deactivated_at)
     values ('离职人员', 'Somebody who left', 'Asia/Shanghai', now())
     returning id`,
  );
  const upload = (more: string) =>
    one(`insert into person_imports (content, created_by, finished_at, added, changed, left_out)
         values (E'姓名,邮箱,部门,工号\\n新同事,new@linjiang.example,新部门,7\\n,\
nobody@linjiang.example,,8\\n王敏,wang.min@linjiang.example,,9', ${secretary}, ${more})
         returning id`);
  const [table, imported] = [await upload('null, null, null, null'), await upload('now(), 1, 2, 3')];
  const moving = (kind: string, state: string, more = 'null, null') =>
    one(
      `insert into imports (kind, name, zone, state, created_by, content, problem)
       values ('${kind}', 'table.csv', 'Asia/Shanghai', '${state}', ${secretary}, ${more})
       returning id`,
    );
  const imports = [
    await moving('rooms', 'mapping', `E'code,name,seats\\nnew-room,新会议室,8\\nBad Code,,0', null`),
    await moving('mrbs_sql', 'unreadable', `null, '{"key":"moving.file.noMrbs"}'`),
    ...(await Promise.all(
      ['reading', 'mapping', 'running', 'done'].map((state) => moving('bookings', state)),
    )),
  ];
  await db.raw(
    `insert into import_places (import_id, key, label, area, rows, choice)
     select id, 'hall', 'Hall', '主楼', 1, 'new'
       from imports
      where kind = 'bookings'`,
  );
  await db.raw(`insert into import_rows (import_id, number, state, place, title, starts_at, ends_at, zone,
      content, reasons, clash, suggested_room_id)
    select i.id, n.number, n.state, 'hall', 'A meeting 会议', now(), now() + interval '1 hour',
      'Asia/Shanghai', 'A meeting', n.reasons::jsonb, n.clash::jsonb, ${room}
      from imports i
      cross join (
        values (1, 'waiting', '[]', null), (2, 'bad', '[{"key":"moving.bad.noTitle"}]', null),
          (3, 'clash', '[]', '{"clashes":[],"checks":[]}')) n (number, state, reasons, clash)
     where i.kind = 'bookings'`);

  // A room with meetings to come is closed while they take place.
  const [busy] = await rows<{ id: number; starts_at: Date; ends_at: Date }>(
    db,
    `
    select x.room_id as id, m.starts_at, m.ends_at from meeting_rooms x join meetings m on m.id = x.meeting_id
     where m.state = 'scheduled' and not exists (select 1 from room_parts p where p.hall_id = x.room_id)
     order by m.starts_at desc limit 1`,
  );
  const { groupId: closure } = await closeRooms(
    db,
    { id: secretary },
    {
      roomIds: [busy?.id ?? room],
      startsAt: busy?.starts_at ?? new Date(),
      endsAt: busy?.ends_at ?? new Date(),
      reason: 'New carpets',
    },
  );

  const holidays = await one('select id from holiday_calendars where is_default');
  const holidayImport = await one(
    `insert into holiday_imports (calendar_id, content, created_by)
     values (${holidays}, E'日期,名称,类型\\n2027-01-01,元旦,放假\\n昨天,元旦,放假', ${secretary})
     returning id`,
  );
  await addDoorDisplay(db, { id: secretary }, config.secretKey, {
    roomId: room,
    name: 'Tablet',
    lang: 'zh-CN',
  });
  const display = await one('select max(id) as id from door_displays');

  const of = (path: string, address = path, as: number | null = secretary): Address => ({
    path,
    address,
    as,
  });
  const each = (path: string, found: Found[]) =>
    found.map(({ id, person: as }) => of(path, path.replace(':id', String(id)), as));
  const at = (path: string, id: number, as = secretary) => of(path, path.replace(':id', String(id)), as);

  const meetings = await find(
    `select distinct on (state) id, organiser_id as person
       from meetings
      where not is_private
      order by state, id desc`,
  );
  const coming = await find(
    `select m.id, m.organiser_id as person from meetings m
      where state = 'scheduled' and not is_private
        and (select count(*) from participants p where p.meeting_id = m.id) > 3
      order by starts_at desc limit 1`,
  );
  const running = await find(
    `select id, organiser_id as person from meetings where state = 'in_progress' order by id limit 1`,
  );
  const items = await find(
    `select i.id, m.organiser_id as person
       from agenda_items i join meetings m on m.id = i.meeting_id
      where i.state = 'accepted' and m.state = 'scheduled'
      order by i.id desc limit 1`,
  );
  const series = await find(`select id, organiser_id as person from series order by id limit 1`);
  const cancelled = await find(
    `select id, organiser_id as person from meetings where state = 'cancelled' order by id limit 1`,
  );
  const actions = (state: string, as = 'a.lead_id') =>
    find(`select a.id, ${as} as person
       from actions a join meetings m on m.id = a.meeting_id join accounts c on c.person_id = ${as}
           where a.state = '${state}' and a.lead_id <> m.organiser_id order by a.id limit 1`);
  const minutes = (state: string, as = 'x.author_id') =>
    find(`select x.id, ${as} as person
       from minutes x join meetings m on m.id = x.meeting_id left join series s on s.id = m.series_id
            join accounts c on c.person_id = ${as} where x.state = '${state}' order by x.id limit 1`);
  const everyMinutes = (
    await Promise.all(
      ['draft', 'returned', 'in_review', 'passed', 'approved', 'issued'].map((state) => minutes(state)),
    )
  ).flat();
  const receipts = await find(
    `select minutes_id as id, person_id as person
       from circulations c join accounts a using (person_id)
      order by acknowledged_at nulls first, c.id limit 1`,
  );
  // What nobody has done in the sample office yet: an item waits to be accepted, a paper is attached.
  const [here] = coming;
  const proposed = await find(`insert into agenda_items (meeting_id, title, state, proposed_by, created_by)
     select id, 'Parking', 'proposed', organiser_id, organiser_id
       from meetings where id = ${here?.id ?? 0}
     returning id, created_by as person`);
  const papers = await find(`with f as (
       insert into files (name, media_type, bytes, state, uploaded_by)
       values ('plan.pdf', 'application/pdf', 1, 'stored', ${here?.person ?? 0})
       returning id)
     insert into papers (item_id, file_id, name, added_by)
     select ${items[0]?.id ?? 0}, f.id, 'Plan', ${here?.person ?? 0}
       from f
     returning id, ${items[0]?.person ?? 0} as person`);
  const [link] = await ensureReplyLinks(db, config, coming[0]?.id ?? 0).then((links) => [...links.values()]);

  const polls = await find('select id, organiser_id as person from polls order by id limit 1');
  const asked = await find(
    `select x.poll_id as id, x.person_id as person
       from poll_people x join persons p on p.id = x.person_id
      order by p.is_guest, x.answered_at nulls first, x.id`,
  );
  const [silent] = asked;
  const [asker] = silent
    ? await find(`select id, organiser_id as person from polls where id = ${silent.id}`)
    : [];
  const guestAsked = asked.at(-1);
  const guestLink = guestAsked ? await linkFor(db, config, guestAsked.id, guestAsked.person) : '';

  return [
    of('/'),
    of('/', '/', administrator),
    of('/sign-in', '/sign-in', null),
    of('/reset', '/reset', null),
    of('/reset/sent', '/reset/sent', null),
    of('/setup', '/setup', null),
    of('/i/:token', `/i/${link?.link ?? ''}`, null),
    of('/profile'),
    of('/profile/password'),
    of('/people'),
    of('/people/new'),
    at('/people/:id', person, administrator),
    at('/people/:id/edit', person, administrator),
    at('/people/:id/deputies', person, administrator),
    at('/people/:id/deactivation', organiser, administrator),
    at('/people/:id', left, administrator),
    at('/people/:id/hand-over', left, administrator),
    at('/people/:id/erasure', left, administrator),
    of('/people/:id/merge', `/people/${guests[0]}/merge?other=${guests[1]}`),
    of('/people/import'),
    at('/people/import/:id', table),
    at('/people/import/:id', imported),
    of('/units'),
    of('/units/new', '/units/new', administrator),
    at('/units/:id/edit', unit, administrator),
    at('/units/:id/deactivation', unit, administrator),
    of('/people/groups'),
    of('/people/groups/new'),
    at('/people/groups/:id', group),
    at('/people/groups/:id/removal', group),
    of('/rooms'),
    of('/rooms/requests'),
    of('/rooms/requests', '/rooms/requests?view=mine', request?.person),
    ...(request
      ? [at('/rooms/requests/:id', request.id), at('/rooms/requests/:id', request.id, request.person)]
      : []),
    of('/rooms/policy'),
    of('/rooms/policy/groups/:group', `/rooms/policy/groups/${group}`),
    of('/rooms/:id/policy', `/rooms/${room}/policy`),
    of('/rooms/:id/policy/groups/:group', `/rooms/${room}/policy/groups/${group}`),
    of('/rooms/new'),
    of('/rooms/new', `/rooms/new?like=${room}`),
    ...[
      '/rooms/:id',
      '/rooms/:id/edit',
      '/rooms/:id/status',
      '/rooms/:id/copy',
      '/rooms/:id/closures/new',
    ].map((path) => at(path, room)),
    of('/rooms/equipment'),
    of('/rooms/equipment/new'),
    at(
      '/rooms/equipment/:id/edit',
      await one('select id from equipment_kinds order by stock desc nulls last limit 1'),
    ),
    of('/rooms/plans'),
    of('/rooms/plans/new'),
    at('/rooms/plans/:id', await one('select id from floor_plans order by id limit 1')),
    at('/rooms/plans/:id/edit', await one('select id from floor_plans order by id limit 1')),
    of('/rooms/holidays'),
    ...['/rooms/:id/hours'].map((path) => at(path, room)),
    ...['/rooms/holidays/:id', '/rooms/holidays/:id/import'].map((path) => at(path, holidays)),
    of('/rooms/holidays/:id/import/:import', `/rooms/holidays/${holidays}/import/${holidayImport}`),
    of('/rooms/closures'),
    of('/rooms/closures/new'),
    ...['/rooms/closures/:id', '/rooms/closures/:id/edit', '/rooms/closures/:id/moves'].map((path) =>
      at(path, closure),
    ),
    of('/calendar'),
    of('/calendar/week'),
    of('/calendar/week', `/calendar/week?of=room-${room}`),
    of('/calendar/month'),
    of('/calendar/month', `/calendar/month?of=room-${room}`),
    at('/calendar/people/:id', organiser),
    of('/calendar/sheet'),
    of('/calendar/use'),
    of(
      '/calendar/use',
      `/calendar/use?from=${new Date(Date.now() - 60 * 86_400_000).toISOString().slice(0, 10)}&unit=${unit}`,
    ),
    of('/calendar/use', '/calendar/use?from=2019-02-01&to=2019-02-28'),
    of('/feeds'),
    of('/door', `/door/${doorToken(config.secretKey, display)}`, null),
    at('/rooms/:id/doors', room),
    of(
      '/find-a-time',
      `/find-a-time?asked=1&p=${person}&p=${organiser}&p=${secretary}&o=${administrator}&when=next`,
    ),
    of('/find-a-time', '/find-a-time?when=next&seats=4000'),
    at('/people/:id/times', person, administrator),
    at('/people/:id/times', secretary),
    of('/polls'),
    of('/polls/new'),
    of('/no-shows'),
    ...each('/polls/:id', [...polls, ...(silent ? [silent] : [])]),
    ...each('/polls/:id/cancellation', polls),
    ...each('/polls/:id/edit', polls),
    ...(silent && asker
      ? [
          of(
            '/polls/:id/people/:person/answer',
            `/polls/${silent.id}/people/${silent.person}/answer`,
            asker.person,
          ),
        ]
      : []),
    of('/p/:token', guestLink.replace(config.publicUrl, ''), null),
    of('/bookings/new'),
    of('/meetings'),
    of('/meetings', '/meetings?whose=all&when=past'),
    of('/meetings/new'),
    ...[
      'agenda',
      'copy',
      'edit',
      'replies',
      'cancellation',
      'message',
      'people',
      'swap',
      'setup-tasks',
      'check-in',
      'attendance-sheet',
      'name-plates',
    ].flatMap((name) => each(`/meetings/:id/${name}`, coming)),
    ...each('/meetings/:id', meetings),
    ...each('/meetings/:id', cancelled),
    ...each('/meetings/:id/history', coming),
    ...each(
      '/meetings/:id/agenda/proposal',
      await find(`select p.meeting_id as id, p.person_id as person
         from participants p join accounts a using (person_id)
       where p.meeting_id = ${coming[0]?.id ?? 0} and p.role = 'required' limit 1`),
    ),
    ...['/items/:id/edit', '/items/:id/papers'].flatMap((path) => each(path, items)),
    ...each('/items/:id/return', proposed),
    ...each('/papers/:id/versions', papers),
    of('/minutes'),
    of('/series'),
    of('/series/new'),
    ...['', '/backlog', '/members', '/edit', '/dates/new', '/end'].flatMap((name) =>
      each(`/series/:id${name}`, series),
    ),
    ...(
      await rows<{ series: number; id: number; person: number }>(
        db,
        `
      select s.id as series, m.id, s.organiser_id as person
        from meetings m join series s on s.id = m.series_id
       where m.recurrence_id is not null and m.state in ('draft', 'scheduled') and m.starts_at > now()
         and s.ended_on is null
       order by m.id limit 1`,
      )
    ).map(({ series: board, id, person: as }) =>
      of('/series/:id/dates/:meeting/following', `/series/${board}/dates/${id}/following`, as),
    ),
    ...['/meetings/:id/minutes/write', '/meetings/:id/attendance', '/meetings/:id/end'].flatMap((path) =>
      each(path, running),
    ),
    ...(
      await rows<{ id: number; person: number; statement: number }>(
        db,
        `
      select m.id, m.organiser_id as person, s.id as statement
        from statements s join meetings m on m.id = s.meeting_id join minutes x on x.meeting_id = m.id
       where x.state in ('draft', 'returned') and s.deleted_at is null order by s.id limit 1`,
      )
    ).map(({ id, person: as, statement }) =>
      of('/meetings/:id/minutes/write', `/meetings/${id}/minutes/write?edit=${statement}`, as),
    ),
    ...each(
      '/meetings/:id/minutes',
      await find(
        `select m.id, x.author_id as person
           from minutes x join meetings m on m.id = x.meeting_id
          order by x.id limit 1`,
      ),
    ),
    ...each('/minutes/:id', everyMinutes),
    ...each('/minutes/:id/edit', await minutes('draft')),
    ...each('/minutes/:id/review', await minutes('in_review', 'coalesce(m.reviewer_id, s.reviewer_id)')),
    ...each('/minutes/:id/circulation', [...(await minutes('approved')), ...(await minutes('issued'))]),
    ...each('/minutes/:id/correction', await minutes('issued')),
    ...each('/minutes/:id/receipt', receipts),
    ...(await minutes('issued')).map(({ id, person: as }) =>
      of('/minutes/:id/versions/:number', `/minutes/${id}/versions/1`, as),
    ),
    of('/actions', '/actions?scope=all'),
    of('/actions', '/actions?scope=all&view=list'),
    ...(await actions('assigned')).map(({ person: lead }) =>
      of('/actions/handover', `/actions/handover?from=${lead}`, administrator),
    ),
    ...each('/actions/:id', [
      ...(await actions('assigned')),
      ...(await actions('in_progress')),
      ...(await actions('answered', 'm.organiser_id')),
      ...(await actions('closed')),
    ]),
    ...each('/actions/:id/refusal', await actions('assigned')),
    ...each('/actions/:id/extension', await actions('assigned')),
    ...each('/actions/:id/answer', await actions('in_progress')),
    ...each('/actions/:id/obstacle', await actions('in_progress')),
    ...each('/actions/:id/handover', await actions('assigned', 'm.organiser_id')),
    ...each('/actions/:id/cancellation', await actions('assigned', 'm.organiser_id')),
    of('/admin/moving-in'),
    ...imports.map((id) => at('/admin/moving-in/:id', id)),
    of('/admin', '/admin', administrator),
    of('/admin/office', '/admin/office', administrator),
    of('/admin/mail', '/admin/mail', administrator),
    of('/admin/outbox', '/admin/outbox', administrator),
    ...(await find('select id, 0 as person from deliveries order by id limit 1')).map(({ id }) =>
      at('/admin/outbox/:id', id, administrator),
    ),
    of('/admin/log', '/admin/log', administrator),
  ];
}
