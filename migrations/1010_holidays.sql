-- What is different from the weekly hours of a room on certain days: its own exceptions, which go first, and the days of a
-- holiday calendar.

create table holiday_calendars (
  id          bigint generated always as identity primary key,
  name_en     text not null check (char_length(name_en) between 1 and 100),
  name_zh     text not null check (char_length(name_zh) between 1 and 100),
  is_default  boolean not null default false,      -- the office's: holds for every room that says nothing else
  archived_at timestamptz,                         -- never deleted, so that the sum of revisions never falls
  version     integer not null default 1,          -- of the form
  revision    integer not null default 1,          -- of everything that opening hours depend on; see the triggers
  check (not (is_default and archived_at is not null))
);
create unique index holiday_calendars_default on holiday_calendars (is_default) where is_default;

create table holidays (
  calendar_id bigint not null references holiday_calendars,
  on_day      date not null,
  kind        text not null check (kind in ('holiday', 'workday')),
  as_weekday  smallint check (as_weekday between 1 and 7),   -- a make-up working day (调休) opens by the hours of that weekday
  name_en     text not null check (char_length(name_en) between 1 and 100),
  name_zh     text not null check (char_length(name_zh) between 1 and 100),
  primary key (calendar_id, on_day),
  check ((kind = 'workday') = (as_weekday is not null))
);

create table room_exceptions (
  room_id    bigint not null references rooms,
  on_day     date not null,
  opens_at   time,                                 -- both null: closed
  closes_at  time,
  note       text not null check (char_length(note) between 1 and 200),
  created_by bigint not null references persons,
  created_at timestamptz not null default now(),
  primary key (room_id, on_day),
  check (num_nonnulls(opens_at, closes_at) in (0, 2)),
  check (opens_at < closes_at)
);

-- 'office': the default calendar; 'own': the one named; 'none': open on holidays.
alter table rooms add column holiday_rule text not null default 'office' check (holiday_rule in ('office', 'own', 'none'));
alter table rooms add column calendar_id bigint references holiday_calendars;
alter table rooms add constraint rooms_calendar check ((holiday_rule = 'own') = (calendar_id is not null));

-- Pages that show hours are kept by their revision, so no command may forget to raise it.
create function raise_calendar_revision() returns trigger language plpgsql as $$
begin
  new.revision := old.revision + 1;
  return new;
end $$;
create trigger holiday_calendars_revision before update on holiday_calendars for each row execute function raise_calendar_revision();

create function note_holiday_change() returns trigger language plpgsql as $$
begin
  update holiday_calendars set name_en = name_en where id in (select calendar_id from changed);
  return null;
end $$;
create trigger holidays_note_insert after insert on holidays
  referencing new table as changed for each statement execute function note_holiday_change();
create trigger holidays_note_update after update on holidays
  referencing new table as changed for each statement execute function note_holiday_change();
create trigger holidays_note_delete after delete on holidays
  referencing old table as changed for each statement execute function note_holiday_change();

-- A calendar file between its preview and its import; removed after a week.
create table holiday_imports (
  id          bigint generated always as identity primary key,
  calendar_id bigint not null references holiday_calendars,
  content     text not null,
  created_by  bigint not null references persons,
  created_at  timestamptz not null default now(),
  finished_at timestamptz,
  added       integer,
  changed     integer,
  left_out    integer
);
create index holiday_imports_age on holiday_imports (created_at);
