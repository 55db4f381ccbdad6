-- Moving in: tables and dumps of other programs, read row by row before anything is made of them.

create table imports (
  id              bigint generated always as identity primary key,
  kind            text not null check (kind in ('rooms', 'bookings', 'mrbs_sql', 'mrbs_ics')),
  name            text not null,                    -- of the file
  source          text not null default '' check (char_length(source) <= 60),   -- ids are unique in it
  zone            text not null,
  file_id         bigint references files,          -- null once it has been read
  content         text,                             -- a table of rooms, which is small
  state           text not null default 'reading' check (state in ('reading', 'unreadable', 'mapping', 'running', 'done')),
  problem         jsonb,                            -- { key, values } of the text that says why not
  unknown_columns text[] not null default '{}',
  outcome         jsonb,
  created_by      bigint not null references persons,
  created_at      timestamptz not null default now(),
  finished_at     timestamptz
);
create index imports_of on imports (created_by, id desc);
create index imports_age on imports (created_at);

-- Rooms as the source names them, and what they become here.
create table import_places (
  import_id bigint not null references imports on delete cascade,
  key       text not null,
  label     text not null,
  area      text not null default '',
  capacity  integer,
  rows      integer not null default 0,
  choice    text check (choice in ('room', 'new', 'no_room', 'out')),
  room_id   bigint references rooms,
  primary key (import_id, key),
  check (choice is distinct from 'room' or room_id is not null)
);

create table import_rows (
  import_id         bigint not null references imports on delete cascade,
  number            integer not null,               -- line of a table, else the place in the file
  state             text not null check (state in ('waiting', 'done', 'there', 'clash', 'bad', 'left_out')),
  place             text,                           -- key of import_places; null: takes place in no room
  external_id       text,
  title             text not null,
  description       text not null default '',
  starts_at         timestamptz,
  ends_at           timestamptz,
  zone              text not null,
  organiser         text not null default '',
  organiser_id      bigint references persons,
  is_private        boolean not null default false,
  is_tentative      boolean not null default false,
  content           text not null default '',
  reasons           jsonb not null default '[]',    -- of a bad row: [{ key, values }]
  clash             jsonb,                          -- what the rooms said: { clashes, checks }
  suggested_room_id bigint references rooms,
  decision          text check (decision in ('room', 'no_room')),
  decided_room_id   bigint references rooms,
  meeting_id        bigint references meetings,
  primary key (import_id, number)
);
create index import_rows_state on import_rows (import_id, state, number);

-- What has been imported, so that the same file again doubles nothing, moved or renamed meetings included.
create table imported_bookings (
  source      text not null,
  external_id text not null,
  meeting_id  bigint not null references meetings,
  imported_at timestamptz not null default now(),
  primary key (source, external_id)
);
create index imported_bookings_meeting on imported_bookings (meeting_id);
