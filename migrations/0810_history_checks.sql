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

-- The log by kind of thing.
create index audit_events_kind on audit_events (noun, id desc);
