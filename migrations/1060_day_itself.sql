-- The day itself: who came (check-in), and the displays beside the doors.

alter table meetings
  add column checked_in_at timestamptz,
  add column checked_in_by bigint references persons;     -- null: at the door

-- A display knows one room and acts in the name of who set it up. Its token is derived from SECRET_KEY and this row; only
-- the hash is stored.
create table door_displays (
  id         bigint generated always as identity primary key,
  room_id    bigint not null references rooms,
  name       text not null check (char_length(name) between 1 and 100),
  lang       text not null check (lang in ('en', 'zh-CN')),
  token_hash bytea unique,
  created_by bigint not null references persons,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
create index door_displays_room on door_displays (room_id, id) where revoked_at is null;
