-- A room asked for and decided about by somebody. At most one is open for a meeting and a room; earlier ones stay
-- as they were decided, and the last one counts.
create table room_requests (
  id            bigint generated always as identity primary key,
  meeting_id    bigint not null references meetings on delete cascade,
  room_id       bigint not null references rooms,                     -- as asked for: a hall stays a hall
  state         text not null default 'open' check (state in ('open', 'approved', 'returned', 'refused', 'withdrawn')),
  starts_at     timestamptz not null,
  ends_at       timestamptz not null,
  is_holding    boolean not null,                                     -- does it keep the room until it is decided?
  rules         jsonb not null default '[]',                          -- what it goes beyond: checks of claimChecks.ts
  note          text check (char_length(note) <= 1000),               -- why, in the words of who asks
  asked_by      bigint not null references persons,
  asked_at      timestamptz not null,
  due_at        timestamptz not null,
  told_at       timestamptz,                                          -- when those who decide were mailed
  reminded_at   timestamptz,
  decided_by    bigint references persons,
  decided_at    timestamptz,
  reason_code   text check (reason_code in ('purpose', 'time', 'size', 'equipment', 'priority', 'details', 'taken', 'other')),
  reason        text check (char_length(reason) <= 1000),
  version       integer not null default 1,
  check (starts_at < ends_at),
  check ((state in ('approved', 'returned', 'refused')) = (decided_at is not null)),
  check (state not in ('returned', 'refused') or reason_code is not null)
);
create unique index room_requests_open on room_requests (meeting_id, room_id) where state = 'open';
create index room_requests_meeting on room_requests (meeting_id, id desc);
create index room_requests_due on room_requests (asked_at, id) where state = 'open';
create index room_requests_untold on room_requests (id) where state = 'open' and told_at is null;
create index room_requests_asker on room_requests (asked_by, id desc);
