-- Rules of booking, in layers: the office (neither room nor group), a group in all rooms, a room, a group in one room. A later
-- layer names only what differs; null leaves it to the layer before. In numbers 0 means "no limit".
create table booking_rules (
  id                      bigint generated always as identity primary key,
  room_id                 bigint references rooms,
  group_id                bigint references people_groups on delete cascade,
  window_days             integer check (window_days between 0 and 3650),
  notice_create           integer check (notice_create between 0 and 525600),      -- minutes, like all that follow
  notice_change           integer check (notice_change between 0 and 525600),
  notice_cancel           integer check (notice_cancel between 0 and 525600),
  min_minutes             integer check (min_minutes between 0 and 10080),
  max_minutes             integer check (max_minutes between 0 and 10080),
  start_interval          integer check (start_interval in (0, 5, 10, 15, 20, 30, 60)),
  quota_person_hours      integer check (quota_person_hours between 0 and 168),
  quota_person_coming     integer check (quota_person_coming between 0 and 1000),
  quota_unit_hours        integer check (quota_unit_hours between 0 and 10000),
  quota_unit_coming       integer check (quota_unit_coming between 0 and 10000),
  recurring               text check (recurring in ('allowed', 'denied')),
  recurring_days          integer check (recurring_days between 0 and 3650),
  capacity_rule           text check (capacity_rule in ('off', 'warn', 'deny')),
  in_policy               text check (in_policy in ('accept', 'request', 'refuse')),
  out_of_policy           text check (out_of_policy in ('refuse', 'request')),
  requests_hold           text check (requests_hold in ('hold', 'free')),
  answer_hours            integer check (answer_hours between 1 and 720),
  check_in                text check (check_in in ('required', 'off')),
  check_in_opens          integer check (check_in_opens between 0 and 240),
  check_in_releases       integer check (check_in_releases between 1 and 240),
  check_in_exempt_over    integer check (check_in_exempt_over between 0 and 10080),
  check_in_exempt_notice  integer check (check_in_exempt_notice between 0 and 1440),
  version                 integer not null default 1
);
create unique index booking_rules_layer on booking_rules (coalesce(room_id, 0), coalesce(group_id, 0));
create index booking_rules_group on booking_rules (group_id) where group_id is not null;

-- Who decides about requests for a room, besides its owner.
create table room_approvers (
  id        bigint generated always as identity primary key,
  room_id   bigint not null references rooms,
  person_id bigint references persons,
  group_id  bigint references people_groups on delete cascade,
  check (num_nonnulls(person_id, group_id) = 1)
);
create unique index room_approvers_once on room_approvers (room_id, coalesce(person_id, 0), coalesce(group_id, 0));
create index room_approvers_person on room_approvers (person_id) where person_id is not null;
create index room_approvers_group on room_approvers (group_id) where group_id is not null;

-- Quotas count the bookings of whom a meeting is held for; lists find them by the same expression.
create index meetings_principal on meetings (coalesce(booked_for_id, organiser_id), starts_at);

-- Who decides about a room: its owner and the named approvers; the office's secretaries where there is none.
create function room_deciders(of_room bigint) returns setof bigint language plpgsql stable as $$
begin
  return query
    select p.id from persons p
     where p.deactivated_at is null
       and (p.id = (select owner_id from rooms where id = of_room)
         or p.id in (select person_id from room_approvers where room_id = of_room)
         or p.id in (select g.person_id from room_approvers a join people_group_members g on g.group_id = a.group_id where a.room_id = of_room));
  if not found then
    return query select p.id from persons p where p.role in ('secretary', 'administrator') and p.deactivated_at is null;
  end if;
end $$;

-- The same with deputies in their days.
create function may_decide_room(of_room bigint, who bigint) returns boolean language plpgsql stable as $$
begin
  return exists (
    select 1 from room_deciders(of_room) d
     where d = who or exists (
       select 1 from deputies x cross join (select (now() at time zone o.zone)::date as today from organisations o) t
        where x.person_id = d and x.deputy_id = who
          and coalesce(x.from_on, t.today) <= t.today and coalesce(x.to_on, t.today) >= t.today));
end $$;

-- What was booked beyond a rule, by whom and why; one row for each rule.
create table rule_overrides (
  id         bigint generated always as identity primary key,
  at         timestamptz not null default now(),
  person_id  bigint references persons,
  meeting_id bigint references meetings on delete cascade,
  room_id    bigint not null references rooms,
  rule       text not null,
  actual     text not null,
  allowed    text not null,
  reason     text not null check (char_length(reason) between 1 and 1000)
);
create index rule_overrides_at on rule_overrides (at);
create index rule_overrides_meeting on rule_overrides (meeting_id);
