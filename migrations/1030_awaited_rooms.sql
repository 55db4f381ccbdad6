-- Dates that have no room yet and want one: kept without it (wait), or called off for the lack of it (skip). Offered again as
-- soon as the room is free. What became of a date shows in the meeting itself: a waiting one that has a room now, or was
-- called off, and a skipped one that was restored no longer waits, though its row stays.
create table awaited_rooms (
  meeting_id bigint not null references meetings,
  room_id    bigint not null references rooms,         -- as it was asked for: a hall stays a hall
  since      timestamptz not null default now(),       -- of a skipped date the moment it was called off
  offers     integer not null default 0,               -- how often the organiser was told that it is free
  offered_at timestamptz,
  primary key (meeting_id, room_id)
);
create index awaited_rooms_room on awaited_rooms (room_id);

-- A change of time, rule or room ends a recurrence; the next one of the same series names the one it follows.
alter table recurrences add column follows_id bigint references recurrences;
create index recurrences_follows on recurrences (follows_id) where follows_id is not null;

-- Six weeks before the last date the organiser is asked how it goes on, once for each recurrence.
alter table recurrences add column renewal_asked_at timestamptz;
create index recurrences_until on recurrences (until_at);
