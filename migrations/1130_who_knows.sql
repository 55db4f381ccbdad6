-- Who may know a private meeting changes also without the meeting: by a deputy named or taken back, by a member of its
-- standing meeting who comes or goes. The grids of its days say other words to them then, so their revisions grow.

create function note_days_of(meeting_ids bigint[]) returns void language plpgsql as $$
begin
  insert into day_revisions (day, stripe)
  select distinct day::date, pg_backend_pid()
    from room_claims c,
         generate_series((c.occupies_from at time zone 'UTC')::date::timestamp, (c.occupies_to at time zone 'UTC')::date::timestamp, interval '1 day') day
   where c.meeting_id = any(meeting_ids) and c.state in ('held', 'requested', 'confirmed')
   order by 1
  on conflict (day, stripe) do update set revision = day_revisions.revision + 1;
end $$;

create function note_deputy_change() returns trigger language plpgsql as $$
begin
  perform note_days_of(array(
    select id from meetings where is_private and organiser_id in (old.person_id, new.person_id)
    union select id from meetings where is_private and booked_for_id in (old.person_id, new.person_id)));
  return null;
end $$;
create trigger deputies_note_change after insert or update or delete on deputies
  for each row execute function note_deputy_change();

create function note_member_change() returns trigger language plpgsql as $$
begin
  perform note_days_of(array(select m.id from meetings m where m.is_private and m.series_id in (select series_id from changed)));
  return null;
end $$;
create trigger series_members_note_insert after insert on series_members
  referencing new table as changed for each statement execute function note_member_change();
create trigger series_members_note_update after update on series_members
  referencing new table as changed for each statement execute function note_member_change();
create trigger series_members_note_delete after delete on series_members
  referencing old table as changed for each statement execute function note_member_change();
