-- Dates of a series and single meetings wait for a room in one queue, in order of `since`. The first for whom all rooms are
-- free gets them held for a while; who lets that pass, or declines, stands in the queue no more but can join it again.
alter table awaited_rooms
  add column asked_by     bigint references persons,     -- who pressed; null: the plan of a series, whose organiser is told
  add column starts_at    timestamptz,                   -- the time and the rooms the meeting had then: changed, it waits no longer.
  add column ends_at      timestamptz,                   -- Null: a date of a series, which waits at whatever time it has
  add column had_room_ids bigint[] not null default '{}',
  add column state        text not null default 'waiting' check (state in ('waiting', 'offered', 'lapsed', 'declined')),
  add column held_until   timestamptz,
  add check ((starts_at is null) = (ends_at is null)),
  add check (state not in ('offered', 'lapsed') or held_until is not null);
create index awaited_rooms_queue on awaited_rooms (since, meeting_id) where state in ('waiting', 'offered');

-- What holds a room for who waited. It is nobody's meeting yet: others see that it is held, not for what.
alter table room_claims
  add column awaited_meeting_id bigint references meetings,
  add check (awaited_meeting_id is null or (meeting_id is null and closure_id is null and poll_option_id is null and hold_until is not null));
create index room_claims_awaited on room_claims (awaited_meeting_id) where awaited_meeting_id is not null;
