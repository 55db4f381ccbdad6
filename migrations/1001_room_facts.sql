-- Rooms as they are: how they seat people, how one gets in, whose they are, until when they are out of service.

create table room_layouts (
  room_id  bigint not null references rooms on delete cascade,
  layout   text not null check (layout in ('boardroom', 'classroom', 'theatre', 'u_shape', 'hollow_square', 'cabaret')),
  capacity integer not null check (capacity between 1 and 5000),
  primary key (room_id, layout)
);

-- Which layout a meeting asked for. Beside meeting_rooms, whose rows go and come with the claims: a moved or restored
-- meeting keeps its seating.
create table meeting_layouts (
  meeting_id bigint not null references meetings on delete cascade,
  room_id    bigint not null references rooms,
  layout     text not null check (layout in ('boardroom', 'classroom', 'theatre', 'u_shape', 'hollow_square', 'cabaret')),
  primary key (meeting_id, room_id)
);

alter table rooms
  add column min_people integer check (min_people between 1 and 5000),           -- fewer would be lost in it
  add column key_note   text not null default '' check (char_length(key_note) <= 500),
  add column back_at    timestamptz,                                             -- out of service until then; null: until somebody says so
  add check (back_at is null or status = 'out_of_service'),
  add check (min_people <= capacity);
create index rooms_owner on rooms (owner_id) where owner_id is not null;
