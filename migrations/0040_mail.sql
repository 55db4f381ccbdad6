-- Mail: what was announced of a meeting, one delivery per recipient and message, the personal reply links.

-- What people were told, so that an update can show old and new values and a CANCEL repeats what was last sent.
create table announcements (
  meeting_id    bigint not null references meetings,
  revision      integer not null check (revision >= 1),
  sequence      integer not null,
  time_sequence integer not null,
  content       jsonb not null,
  announced_by  bigint references persons,
  announced_at  timestamptz not null default now(),
  primary key (meeting_id, revision)
);

-- One message to one person. Written in the transaction of the change it tells of; rendered and frozen at the first attempt.
create table deliveries (
  id             bigint generated always as identity primary key,
  kind           text not null,                -- names the renderer: 'invitations.request', 'minutes.circulation'
  object         text not null,                -- what it tells about: 'meetings:42'; a newer revision replaces an unsent one
  meeting_id     bigint references meetings,
  recurrence_id  bigint references recurrences,
  participant_id bigint references participants,
  person_id      bigint not null references persons,
  to_address     text not null,
  to_name        text not null,
  lang           text not null check (lang in ('en', 'zh-CN')),
  zone           text not null,
  method         text not null default 'NONE' check (method in ('NONE', 'REQUEST', 'CANCEL')),
  revision       integer not null default 0,
  sequence       integer,                      -- iCalendar SEQUENCE as this person gets it
  base_sequence  integer,                      -- the meeting's own at that time; a removal raises it for one person only
  payload        jsonb not null default '{}',  -- for the renderer; never a secret
  is_outside     boolean not null,
  is_restricted  boolean not null default false,
  queued_by      bigint references persons,
  not_before     timestamptz not null default now(),
  useful_until   timestamptz,
  state          text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'captured', 'failed', 'superseded')),
  attempts       integer not null default 0,
  claimed_by     uuid,
  claimed_until  timestamptz,
  may_have_arrived boolean not null default false,  -- an attempt broke off where the server may already have taken it
  message_id     text unique,                  -- stored before the first attempt
  stamped_at     timestamptz,                  -- DTSTAMP and Date of the message
  subject        text,
  content        bytea,                        -- sealed with SECRET_KEY; wiped after sending, and 90 days after the end of the others
  frozen_at      timestamptz,
  error_code     integer,
  error          text,                         -- the server's words
  finished_at    timestamptz,
  created_at     timestamptz not null default now(),
  check ((state = 'sending') = (claimed_by is not null)),
  check ((frozen_at is null) = (message_id is null)),
  check ((method = 'NONE') = (sequence is null)),
  constraint deliveries_once unique nulls not distinct (object, recurrence_id, person_id, method, revision)
);
create index deliveries_due on deliveries (not_before, id) where state = 'waiting';
create index deliveries_claimed on deliveries (claimed_until) where state = 'sending';
create index deliveries_open on deliveries (object, person_id, id) where state in ('waiting', 'sending');
create index deliveries_state on deliveries (state, id desc);
create index deliveries_meeting on deliveries (meeting_id, person_id, id) where meeting_id is not null;
create index deliveries_recipient on deliveries (person_id, finished_at) where state in ('sent', 'captured');
create index deliveries_outside on deliveries (queued_by, created_at) where is_outside;
create index deliveries_wipe on deliveries (finished_at) where content is not null and finished_at is not null;

-- The personal link of a participant. The tokens are derived from SECRET_KEY, participant and generation, so every mail
-- carries the same link; only hashes are stored. A new generation makes the links in older mails void.
create table reply_links (
  participant_id bigint primary key references participants,
  generation     integer not null default 1,
  token_hash     bytea not null unique,
  address_hash   bytea not null unique,        -- the short token inside the ORGANIZER address
  to_address     text not null,                -- where it was sent; another address gets another link
  created_at     timestamptz not null default now()
);
