-- The revision of a day is the ETag of its grid: an unchanged revisit costs one look-up. It grows by itself whenever
-- something shown on the grid changes, so that no command can forget it.
-- It is kept in stripes, one for each connection: a single row a day would make everybody who books for the same day
-- wait for each other's commit, and two that share a stripe could each wait for a room of the other. The revision is the
-- sum of the stripes; every commit makes it larger.

create table day_revisions (
  day      date not null,                -- in UTC; a page reads the two or three UTC days that its local day touches
  stripe   integer not null,               -- process of the connection
  revision bigint not null default 1,
  primary key (day, stripe)
) with (fillfactor = 70);

create function note_claim_change() returns trigger language plpgsql as $$
declare
  first date := (least(old.occupies_from, new.occupies_from) at time zone 'UTC')::date;
  last  date := (greatest(old.occupies_to, new.occupies_to) at time zone 'UTC')::date;
begin
  if first = last then
    insert into day_revisions (day, stripe) values (first, pg_backend_pid())
    on conflict (day, stripe) do update set revision = day_revisions.revision + 1;
  else
    insert into day_revisions (day, stripe)
    select day::date, pg_backend_pid() from generate_series(first::timestamp, last::timestamp, interval '1 day') day order by day
    on conflict (day, stripe) do update set revision = day_revisions.revision + 1;
  end if;
  return null;
end $$;
create trigger room_claims_note_change after insert or update on room_claims
  for each row execute function note_claim_change();

-- What a cell says: title, whose it is, whether it is hidden.
create function note_meeting_change() returns trigger language plpgsql as $$
begin
  insert into day_revisions (day, stripe)
  select distinct day::date, pg_backend_pid()
    from room_claims c,
         generate_series((c.occupies_from at time zone 'UTC')::date::timestamp, (c.occupies_to at time zone 'UTC')::date::timestamp, interval '1 day') day
   where c.meeting_id = new.id and c.state in ('held', 'requested', 'confirmed')
   order by 1
  on conflict (day, stripe) do update set revision = day_revisions.revision + 1;
  return null;
end $$;
create trigger meetings_note_change after update on meetings
  for each row
  when ((old.title, old.is_private, old.state, old.organiser_id, old.booked_for_id)
        is distinct from (new.title, new.is_private, new.state, new.organiser_id, new.booked_for_id))
  execute function note_meeting_change();

-- Who takes part sees the meeting as theirs.
create function note_participant_change() returns trigger language plpgsql as $$
begin
  insert into day_revisions (day, stripe)
  select distinct day::date, pg_backend_pid()
    from room_claims c,
         generate_series((c.occupies_from at time zone 'UTC')::date::timestamp, (c.occupies_to at time zone 'UTC')::date::timestamp, interval '1 day') day
   where c.meeting_id in (select meeting_id from changed) and c.state in ('held', 'requested', 'confirmed')
   order by 1
  on conflict (day, stripe) do update set revision = day_revisions.revision + 1;
  return null;
end $$;
create trigger participants_note_insert after insert on participants
  referencing new table as changed for each statement execute function note_participant_change();
create trigger participants_note_update after update on participants
  referencing new table as changed for each statement execute function note_participant_change();
