-- Rooms, their parts, hours and closures.

create table rooms (
  id               bigint generated always as identity primary key,
  code             text not null unique check (code ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  name_en          text not null check (char_length(name_en) between 1 and 100),
  name_zh          text not null check (char_length(name_zh) between 1 and 100),
  site             text not null default '' check (char_length(site) <= 100),
  building         text not null default '' check (char_length(building) <= 100),
  floor            text not null default '' check (char_length(floor) <= 20),
  capacity         integer not null check (capacity between 1 and 5000),
  equipment        text[] not null default '{}',      -- codes of src/equipment/kinds.ts
  is_step_free     boolean not null default false,
  contact          text not null default '' check (char_length(contact) <= 200),
  note             text not null default '' check (char_length(note) <= 2000),
  setup_minutes    integer not null default 0 check (setup_minutes between 0 and 240),
  teardown_minutes integer not null default 0 check (teardown_minutes between 0 and 240),
  owner_id         bigint references persons,
  photo_file_id    bigint,
  photo_alt        text check (char_length(photo_alt) between 1 and 300),   -- what the photo shows, for whoever can't see it
  status           text not null default 'in_service' check (status in ('in_service', 'out_of_service', 'retired')),
  status_reason    text check (char_length(status_reason) <= 500),
  sort_order       integer not null default 0,
  created_at       timestamptz not null default now(),
  version          integer not null default 1
);
create index rooms_list on rooms (sort_order, id) where status <> 'retired';

-- A divisible hall has parts. Only atomic rooms are ever claimed: booking the hall claims each part.
create table room_parts (
  hall_id bigint not null references rooms,
  part_id bigint not null references rooms,
  primary key (hall_id, part_id),
  check (hall_id <> part_id)
);
create index room_parts_part on room_parts (part_id);

-- Opening hours in the organisation's wall time; 1 = Monday … 7 = Sunday (ISO 8601). No row: closed that weekday.
create table room_hours (
  room_id   bigint not null references rooms,
  weekday   smallint not null check (weekday between 1 and 7),
  opens_at  time not null,
  closes_at time not null,
  primary key (room_id, weekday),
  check (opens_at < closes_at)
);

create table closures (
  id         bigint generated always as identity primary key,
  room_id    bigint not null references rooms,
  reason     text not null check (char_length(reason) between 1 and 500),
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  created_by bigint not null references persons,
  created_at timestamptz not null default now(),
  lifted_at  timestamptz,
  check (starts_at < ends_at)
);
create index closures_room on closures (room_id, starts_at);
