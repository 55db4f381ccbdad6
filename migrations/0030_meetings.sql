-- Standing meetings (series), meetings, participants, and the one truth about who occupies a room.

create table series (
  id               bigint generated always as identity primary key,
  name             text not null check (char_length(name) between 1 and 200),
  organiser_id     bigint not null references persons,
  booked_for_id    bigint references persons,
  reviewer_id      bigint references persons,
  approver_id      bigint references persons,
  review_gates     text check (review_gates in ('none', 'one')),
  lang             text not null default 'en' check (lang in ('en', 'zh-CN')),
  duration_minutes integer not null default 60 check (duration_minutes between 5 and 1440),
  next_number      integer not null default 1 check (next_number >= 1),
  is_private       boolean not null default false,
  ended_on         date,
  created_by       bigint not null references persons,
  created_at       timestamptz not null default now(),
  version          integer not null default 1
);
create index series_name on series (lower(name), id);

create table series_members (
  series_id bigint not null references series,
  person_id bigint not null references persons,
  role      text not null default 'required'
            check (role in ('chair', 'secretary', 'required', 'optional', 'in_attendance', 'informed')),
  primary key (series_id, person_id)
);
create unique index series_members_one_chair on series_members (series_id) where role = 'chair';
create index series_members_person on series_members (person_id);

-- One rule in local wall time and zone. A change of time or rule ends a recurrence and starts another of the same series.
create table recurrences (
  id             bigint generated always as identity primary key,
  series_id      bigint not null references series,
  uid            text not null unique,
  rule           text not null,           -- RFC 5545 RECUR without COUNT and UNTIL
  zone           text not null,
  starts_on      date not null,
  starts_at_time time not null,
  until_at       timestamptz not null,
  sequence       integer not null default 0,
  time_sequence  integer not null default 0,
  created_at     timestamptz not null default now()
);
create index recurrences_series on recurrences (series_id);

create table meetings (
  id            bigint generated always as identity primary key,
  title         text not null check (char_length(title) between 1 and 200),
  state         text not null default 'draft' check (state in ('draft', 'scheduled', 'in_progress', 'ended', 'cancelled')),
  series_id     bigint references series,
  recurrence_id bigint references recurrences,
  occurrence_at timestamptz,              -- original start by the rule: RECURRENCE-ID
  number        integer,                  -- 第 N 次 in the series
  starts_at     timestamptz,
  ends_at       timestamptz,
  zone          text not null,            -- the zone in which the wall time was agreed
  is_all_day    boolean not null default false,
  starts_on     date,
  ends_on       date,                     -- exclusive
  link          text check (link ~ '^https?://' and char_length(link) <= 2000),
  place         text check (char_length(place) <= 300),
  description   text not null default '' check (char_length(description) <= 20000),
  is_private    boolean not null default false,
  lang          text not null default 'en' check (lang in ('en', 'zh-CN')),
  organiser_id  bigint not null references persons,    -- answers for the meeting
  booked_for_id bigint references persons,             -- the leader it is held for
  created_by    bigint not null references persons,    -- typed it
  reviewer_id   bigint references persons,
  approver_id   bigint references persons,
  expected_count integer check (expected_count between 1 and 5000),   -- while nobody is named yet
  uid           text not null unique,
  sequence      integer not null default 0,            -- iCalendar SEQUENCE
  time_sequence integer not null default 0,            -- the SEQUENCE at which time or a distant room last changed
  revision      integer not null default 0,            -- grows with every announced change
  announced_at  timestamptz,                           -- first invitation queued
  started_at    timestamptz,
  started_by    bigint references persons,
  ended_at      timestamptz,
  ended_by      bigint references persons,
  cancelled_at  timestamptz,
  cancelled_by  bigint references persons,
  cancel_reason text check (char_length(cancel_reason) between 1 and 1000),
  state_before_cancel text check (state_before_cancel in ('draft', 'scheduled', 'in_progress')),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  version       integer not null default 1,
  check (starts_at < ends_at),
  check (starts_on < ends_on),
  -- exactly one form of time: instants, or dates (all day, or "date only" while still a draft)
  check ((num_nonnulls(starts_at, ends_at) = 2 and num_nonnulls(starts_on, ends_on) = 0)
      or (num_nonnulls(starts_at, ends_at) = 0 and num_nonnulls(starts_on, ends_on) = 2)),
  check ((state = 'cancelled') = (cancelled_at is not null)),
  check (cancelled_at is null or cancel_reason is not null),
  check ((recurrence_id is null) = (occurrence_at is null)),
  unique (recurrence_id, occurrence_at),
  unique (series_id, number)
);
create index meetings_start on meetings (starts_at, id);
create index meetings_dates on meetings (starts_on) where starts_on is not null;
create index meetings_series on meetings (series_id, starts_at) where series_id is not null;
create index meetings_organiser on meetings (organiser_id, starts_at);
create index meetings_booked_for on meetings (booked_for_id, starts_at) where booked_for_id is not null;
create index meetings_created_by on meetings (created_by, starts_at);

-- What the meeting asked for: a hall stays a hall here while its claims are on the parts.
create table meeting_rooms (
  meeting_id bigint not null references meetings,
  room_id    bigint not null references rooms,
  primary key (meeting_id, room_id)
);
create index meeting_rooms_room on meeting_rooms (room_id);

create table room_claims (
  id               bigint generated always as identity primary key,
  room_id          bigint not null references rooms,
  meeting_id       bigint references meetings,
  closure_id       bigint references closures,
  state            text not null check (state in ('held', 'requested', 'confirmed', 'cancelled', 'refused', 'released', 'expired')),
  -- frozen when the claim is made: whether a requested claim holds the room is the room's policy at that time
  is_holding       boolean not null default true,
  starts_at        timestamptz not null,
  ends_at          timestamptz not null,
  setup_minutes    integer not null default 0,
  teardown_minutes integer not null default 0,
  -- with setup and teardown; stored because timestamptz ± interval is not immutable
  occupies_from    timestamptz not null,
  occupies_to      timestamptz not null,
  occupies         tstzrange not null generated always as (tstzrange(occupies_from, occupies_to, '[)')) stored,
  hold_until       timestamptz,
  created_by       bigint not null references persons,
  created_at       timestamptz not null default now(),
  ended_at         timestamptz,
  ended_by         bigint references persons,
  end_reason       text,
  check (starts_at < ends_at),
  check (occupies_from < occupies_to and occupies_from <= starts_at and occupies_to >= ends_at),
  check (isfinite(occupies_from) and isfinite(occupies_to)),
  check (num_nonnulls(meeting_id, closure_id) <= 1),
  check (num_nonnulls(meeting_id, closure_id) = 1 or hold_until is not null),
  constraint room_claims_no_overlap
    exclude using gist (room_id with =, occupies with &&)
    where (is_holding and state in ('held', 'requested', 'confirmed'))
);
create index room_claims_room on room_claims (room_id, occupies_from) where state in ('held', 'requested', 'confirmed');
create index room_claims_day on room_claims (occupies_from, room_id) where state in ('held', 'requested', 'confirmed');
-- Claims of more than four hours (closures, whole days): with them apart, a day's claims are those that begin in it or less
-- than four hours before, and the long ones that reach into it.
create index room_claims_long on room_claims using gist (occupies)
  where occupies_to - occupies_from > interval '4 hours' and state in ('held', 'requested', 'confirmed');
create index room_claims_meeting on room_claims (meeting_id) where meeting_id is not null;
create index room_claims_closure on room_claims (closure_id) where closure_id is not null;

-- A refusal because somebody else has the room: what was asked for, for the figures.
create table prevented_clashes (
  id        bigint generated always as identity primary key,
  room_id   bigint not null references rooms,
  person_id bigint not null references persons,
  starts_at timestamptz not null,
  ends_at   timestamptz not null,
  at        timestamptz not null default now()
);
create index prevented_clashes_at on prevented_clashes (at);

create table participants (
  id            bigint generated always as identity primary key,
  meeting_id    bigint not null references meetings,
  person_id     bigint not null references persons,
  role          text not null default 'required'
                check (role in ('chair', 'secretary', 'required', 'optional', 'in_attendance', 'informed')),
  instead_of_id bigint references participants,    -- somebody's substitute
  invited_at    timestamptz,                       -- first invitation queued
  removed_at    timestamptz,                       -- uninvited; the row stays for the history and its CANCEL
  is_walk_in    boolean not null default false,
  created_by    bigint references persons,
  created_at    timestamptz not null default now(),
  unique (meeting_id, person_id)
);
create unique index participants_one_chair on participants (meeting_id) where role = 'chair' and removed_at is null;
create index participants_person on participants (person_id, meeting_id) where removed_at is null;

-- Replies (RSVP) are rows; the current one is derived.
create table replies (
  id             bigint generated always as identity primary key,
  participant_id bigint not null references participants,
  status         text not null check (status in ('accepted', 'declined', 'tentative', 'delegated')),
  note           text not null default '' check (char_length(note) <= 2000),
  substitute_id  bigint references participants,
  sequence       integer not null,                 -- the SEQUENCE that was answered; counts while ≥ time_sequence
  via            text not null check (via in ('link', 'page', 'mail')),
  recorded_by    bigint references persons,        -- null: by personal link
  at             timestamptz not null default now()
);
create index replies_participant on replies (participant_id, id desc);

create table attendances (
  participant_id bigint primary key references participants,
  status         text not null check (status in ('present', 'apologies', 'absent')),
  arrived_at     timestamptz,
  left_at        timestamptz,
  recorded_by    bigint references persons,
  recorded_at    timestamptz not null default now()
);

-- May this person know which private meeting it is? Asked for the few private rows of a list only: written out in each list,
-- planning it cost more than reading the list. The same rule as visibleMeetings of src/meetings/queries.ts.
create function knows_private_meeting(of_meeting bigint, viewer bigint) returns boolean language plpgsql stable as $$
begin
  return exists (
    select 1 from meetings m
     where m.id = of_meeting
       and (viewer in (m.organiser_id, m.booked_for_id, m.created_by)
         or exists (select 1 from participants p where p.meeting_id = m.id and p.person_id = viewer and p.removed_at is null)
         or exists (select 1 from series_members s where s.series_id = m.series_id and s.person_id = viewer)
         or exists (select 1 from deputies d cross join (select (now() at time zone o.zone)::date as today from organisations o) t
                     where d.deputy_id = viewer and d.person_id in (m.organiser_id, m.booked_for_id)
                       and coalesce(d.from_on, t.today) <= t.today and coalesce(d.to_on, t.today) >= t.today)));
end $$;
