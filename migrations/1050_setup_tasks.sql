-- What has to be ready in the room before a meeting: seats in order, name plates, tea, a technician. Each has an owner and
-- a tick; the day sheet of a site lists them in the order of the day.

create table setup_tasks (
  id         bigint generated always as identity primary key,
  meeting_id bigint not null references meetings,
  kind       text not null check (kind in ('layout', 'name_plates', 'tea', 'technician', 'other')),
  note       text not null default '' check (char_length(note) <= 500),
  owner_id   bigint references persons,
  done_at    timestamptz,
  done_by    bigint references persons,
  removed_at timestamptz,
  created_by bigint not null references persons,
  created_at timestamptz not null default now(),
  version    integer not null default 1,
  check ((done_at is null) = (done_by is null)),
  check (kind <> 'other' or note <> '')
);
create index setup_tasks_meeting on setup_tasks (meeting_id, id) where removed_at is null;
