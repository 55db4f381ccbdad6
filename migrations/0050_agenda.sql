-- Files, agenda items, papers.

-- Stored in Postgres in chunks: any number of machines share them and one backup holds all.
create table files (
  id          bigint generated always as identity primary key,
  public_id   uuid not null unique default gen_random_uuid(),
  name        text not null check (char_length(name) between 1 and 200),
  media_type  text not null,
  bytes       bigint not null default 0,
  sha256      text,
  crc32       bigint check (crc32 between 0 and 4294967295),   -- what a download of all papers needs beforehand
  state       text not null default 'uploading' check (state in ('uploading', 'stored')),
  uploaded_by bigint references persons,
  created_at  timestamptz not null default now()
);
create index files_unfinished on files (created_at) where state = 'uploading';
create table file_chunks (
  file_id bigint not null references files on delete cascade,
  seq     integer not null,
  data    bytea not null,
  primary key (file_id, seq)
);
alter table rooms add foreign key (photo_file_id) references files;

-- An item stands in a meeting, or in its series' backlog (meeting_id null) while it waits for one.
create table agenda_items (
  id              bigint generated always as identity primary key,
  meeting_id      bigint references meetings,
  series_id       bigint references series,
  position        integer not null default 0,
  title           text not null check (char_length(title) between 1 and 200),
  purpose         text not null default 'discussion' check (purpose in ('information', 'discussion', 'decision')),
  presenter_id    bigint references persons,
  proposed_by     bigint references persons,
  planned_minutes integer not null default 10 check (planned_minutes between 0 and 600),
  note            text not null default '' check (char_length(note) <= 20000),
  is_restricted   boolean not null default false,
  state           text not null default 'accepted'
                  check (state in ('proposed', 'accepted', 'returned', 'deferred', 'under_discussion', 'concluded', 'carried_over', 'withdrawn')),
  state_reason    text check (char_length(state_reason) between 1 and 2000),   -- why it was returned, withdrawn or deferred
  carried_from_id bigint unique references agenda_items,   -- carry-over is a link, never a copy, and happens once
  opened_at       timestamptz,
  concluded_at    timestamptz,
  created_by      bigint not null references persons,
  created_at      timestamptz not null default now(),
  version         integer not null default 1,
  check (num_nonnulls(meeting_id, series_id) >= 1),
  check (state <> 'returned' or state_reason is not null)
);
create index agenda_items_meeting on agenda_items (meeting_id, position, id) where meeting_id is not null;
create index agenda_items_backlog on agenda_items (series_id, id) where meeting_id is null;
create index agenda_items_presenter on agenda_items (presenter_id) where presenter_id is not null;

create table papers (
  id          bigint generated always as identity primary key,
  item_id     bigint not null references agenda_items,
  file_id     bigint not null unique references files,
  name        text not null check (char_length(name) between 1 and 200),
  version_no  integer not null default 1,
  replaces_id bigint unique references papers,
  added_by    bigint not null references persons,
  added_at    timestamptz not null default now(),
  removed_at  timestamptz
);
create index papers_item on papers (item_id, id);
