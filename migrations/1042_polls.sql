-- Polls: several times offered to people and guests, each holding a room until the deadline.

create table polls (
  id            bigint generated always as identity primary key,
  title         text not null check (char_length(title) between 1 and 200),
  note          text not null default '' check (char_length(note) <= 2000),
  state         text not null default 'open' check (state in ('open', 'closed', 'cancelled')),
  organiser_id  bigint not null references persons,
  created_by    bigint not null references persons,
  zone          text not null,
  is_private    boolean not null default false,
  deadline_at   timestamptz not null,
  meeting_id    bigint references meetings,         -- what it came to
  closed_at     timestamptz,
  closed_by     bigint references persons,
  cancel_reason text check (char_length(cancel_reason) between 1 and 1000),
  told_over_at  timestamptz,                        -- the organiser was told that the deadline passed without a choice
  created_at    timestamptz not null default now(),
  check ((state = 'open') = (closed_at is null)),
  check ((state = 'closed') = (meeting_id is not null)),
  check ((state = 'cancelled') = (cancel_reason is not null))
);
create index polls_organiser on polls (organiser_id, id desc);
create index polls_open on polls (deadline_at) where state = 'open';
create unique index polls_meeting on polls (meeting_id) where meeting_id is not null;

create table poll_options (
  id        bigint generated always as identity primary key,
  poll_id   bigint not null references polls,
  starts_at timestamptz not null,
  ends_at   timestamptz not null,
  room_ids  bigint[] not null default '{}',          -- held while it is open; none: no room was free, or none is wanted
  is_chosen boolean not null default false,
  check (starts_at < ends_at),
  unique (poll_id, starts_at, ends_at)
);
create unique index poll_options_one_choice on poll_options (poll_id) where is_chosen;

create table poll_people (
  id          bigint generated always as identity primary key,
  poll_id     bigint not null references polls,
  person_id   bigint not null references persons,
  is_required boolean not null default true,
  note        text not null default '' check (char_length(note) <= 1000),
  answered_at timestamptz,
  unique (poll_id, person_id)
);
create index poll_people_person on poll_people (person_id, poll_id);

create table poll_answers (
  poll_person_id bigint not null references poll_people on delete cascade,
  option_id      bigint not null references poll_options,
  answer         text not null check (answer in ('yes', 'maybe', 'no')),
  primary key (poll_person_id, option_id)
);
create index poll_answers_option on poll_answers (option_id);

-- Each step once, however often the worker asks.
create table poll_reminders (
  poll_person_id bigint not null references poll_people on delete cascade,
  days_before    smallint not null check (days_before in (1, 2)),
  at             timestamptz not null default now(),
  primary key (poll_person_id, days_before)
);

-- The personal link of a guest; as reply_links, only the hash is stored.
create table poll_links (
  poll_person_id bigint primary key references poll_people on delete cascade,
  generation     integer not null default 1,
  token_hash     bytea not null unique,
  to_address     text not null
);

-- What holds a room for a candidate; when the candidate is chosen the claim becomes the meeting's.
alter table room_claims add column poll_option_id bigint references poll_options;
create index room_claims_poll on room_claims (poll_option_id) where poll_option_id is not null;
create index room_claims_holds on room_claims (hold_until) where state = 'held';
