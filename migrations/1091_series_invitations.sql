-- Standing meetings in the mail: one calendar event with its rule instead of one for each date.

-- What everybody was told of a recurrence at one revision: rule, usual text and place, and each date.
create table recurrence_announcements (
  recurrence_id bigint not null references recurrences,
  revision      integer not null check (revision >= 1),
  content       jsonb not null,
  announced_by  bigint references persons,
  announced_at  timestamptz not null default now(),
  primary key (recurrence_id, revision)
);
-- Grows with everything that is told of it.
alter table recurrences add column revision integer not null default 0;

-- A date keeps the UID under which somebody was invited to it first: that of the recurrence, or its own.
alter table participants add column with_series boolean not null default false;
create index participants_with_series on participants (meeting_id, person_id) where with_series;

create index deliveries_recurrence on deliveries (recurrence_id, person_id, id) where recurrence_id is not null;
