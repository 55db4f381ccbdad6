-- Who did what to which thing, when, before and after. Append-only: the trigger refuses the owner too.
create table audit_events (
  id         bigint generated always as identity primary key,
  at         timestamptz not null default clock_timestamp(),
  person_id  bigint references persons,      -- null: the system, or a guest by link
  on_behalf_of_id bigint references persons,
  action     text not null,                  -- 'room.update'
  noun       text not null,                  -- table of the thing
  noun_id    bigint,
  meeting_id bigint,
  before     jsonb,
  after      jsonb,
  note       text,
  request_id text,
  ip         text
);
create index audit_events_at on audit_events (at desc, id desc);
create index audit_events_noun on audit_events (noun, noun_id, id desc);
create index audit_events_meeting on audit_events (meeting_id, id desc) where meeting_id is not null;
-- The log by kind of thing.
create index audit_events_kind on audit_events (noun, id desc);
create index audit_events_person on audit_events (person_id, id desc);

-- Committed events are sealed into a hash chain by the worker every minute: a chain lock inside each transaction
-- would cost most of the throughput. seq is taken inside the lock; the hash covers the one before and the event as UTC text.
create table audit_seals (
  seq       bigint primary key,
  event_id  bigint not null unique references audit_events,
  hash      text not null check (hash ~ '^[0-9a-f]{64}$'),
  sealed_at timestamptz not null default clock_timestamp()
);

create function refuse_change_of_history() returns trigger language plpgsql as $$
begin
  raise exception 'history is append-only' using errcode = 'restrict_violation';
end $$;
create trigger audit_events_append_only before update or delete on audit_events
  for each row execute function refuse_change_of_history();
create trigger audit_events_no_truncate before truncate on audit_events
  for each statement execute function refuse_change_of_history();
create trigger audit_seals_append_only before update or delete on audit_seals
  for each row execute function refuse_change_of_history();
create trigger audit_seals_no_truncate before truncate on audit_seals
  for each statement execute function refuse_change_of_history();

-- What was found when the hash chain of the history was walked. The head of each walk is kept: a chain that was cut off
-- or written anew from some point on no longer meets the heads of earlier walks.

create table audit_verifications (
  id         bigint generated always as identity primary key,
  at         timestamptz not null default clock_timestamp(),
  seals      bigint not null,               -- how many were walked
  head_hash  text,                          -- hash of the last one
  broken_seq bigint,                        -- the first that does not fit; null: all fit
  unsealed   bigint not null                -- older than ten minutes and without a seal
);
create trigger audit_verifications_append_only before update or delete on audit_verifications
  for each row execute function refuse_change_of_history();
