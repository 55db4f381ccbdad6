-- When people can be met: working hours, absences, and meetings by person and time.

-- In the person's own zone; 1 = Monday … 7 = Sunday (ISO 8601). Nobody's rows at all: the office's habit, Monday to Friday 9 to 18.
create table working_hours (
  person_id bigint not null references persons,
  weekday   smallint not null check (weekday between 1 and 7),
  starts_at time not null,
  ends_at   time not null,
  primary key (person_id, weekday),
  check (starts_at < ends_at)
);

create table absences (
  id         bigint generated always as identity primary key,
  person_id  bigint not null references persons,
  kind       text not null check (kind in ('leave', 'trip', 'other')),
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  is_all_day boolean not null,                                        -- whole days in the person's zone
  note       text check (char_length(note) between 1 and 500),        -- for oneself, deputies and secretaries only
  created_by bigint not null references persons,
  created_at timestamptz not null default now(),
  check (starts_at < ends_at),
  check (ends_at - starts_at <= interval '400 days')
);
create index absences_person on absences (person_id, ends_at);

-- The times of a meeting beside each of its participants: who is busy when is one range of an index, however many meetings
-- a person has had. Kept by triggers, so that no command can forget it; null while a meeting has only a date.
alter table participants add column meets_from timestamptz, add column meets_to timestamptz;
alter table participants disable trigger participants_note_update;
update participants p set meets_from = m.starts_at, meets_to = m.ends_at from meetings m where m.id = p.meeting_id and m.starts_at is not null;
alter table participants enable trigger participants_note_update;

create function note_time_of_participant() returns trigger language plpgsql as $$
begin
  select starts_at, ends_at into new.meets_from, new.meets_to from meetings where id = new.meeting_id;
  return new;
end $$;
create trigger participants_note_time before insert on participants
  for each row execute function note_time_of_participant();

create function note_time_of_meeting() returns trigger language plpgsql as $$
begin
  update participants set meets_from = new.starts_at, meets_to = new.ends_at where meeting_id = new.id;
  return null;
end $$;
create trigger meetings_note_time after update on meetings
  for each row when ((old.starts_at, old.ends_at) is distinct from (new.starts_at, new.ends_at))
  execute function note_time_of_meeting();

create index participants_busy on participants (person_id, meets_from) include (meeting_id, meets_to) where removed_at is null;
