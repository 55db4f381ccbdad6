-- A table of people as it was uploaded, between its preview and its import. Personal data: removed after a week.
create table person_imports (
  id          bigint generated always as identity primary key,
  content     text not null,
  created_by  bigint not null references persons,
  created_at  timestamptz not null default now(),
  finished_at timestamptz,
  added       integer,
  changed     integer,
  left_out    integer
);
create index person_imports_age on person_imports (created_at);
