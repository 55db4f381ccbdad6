-- What the rule about check-in came to, once for each room and start of a meeting whose room requires it. Kept for the
-- history and for the rate, which divides by these rows only.
create table check_in_outcomes (
  meeting_id    bigint not null references meetings,
  room_id       bigint not null references rooms,      -- as it was asked for: a hall stays a hall
  starts_at     timestamptz not null,                  -- moved, a meeting is judged again
  outcome       text not null check (outcome in ('present', 'no_show')),
  releases      integer not null,                      -- minutes after the start, as the rule stood
  judged_at     timestamptz not null,
  released_at   timestamptz,                           -- null of a no-show: it was over before anybody looked
  taken_back_at timestamptz,                           -- they came after all, and the room was still free
  primary key (meeting_id, room_id, starts_at),
  check (outcome = 'no_show' or released_at is null),
  check (taken_back_at is null or released_at is not null)
);
create index check_in_outcomes_room on check_in_outcomes (room_id, starts_at);

-- Standing meetings to which nobody came several times in a row: when the organiser was asked, and said to go on.
alter table series add column absent_asked_at timestamptz, add column absent_kept_at timestamptz;
create index series_absent on series (organiser_id) where absent_asked_at is not null;
