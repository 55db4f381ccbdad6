-- May this person know which private meeting it is? Asked for the few private rows of a list only: written out in each list,
-- planning it cost more than reading the list. The rule is maySeeMeeting of src/meetings/policy.ts.
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

-- Claims of more than four hours (closures, whole days): with them apart, a day's claims are those that begin in it or less
-- than four hours before, and the long ones that reach into it.
create index room_claims_long on room_claims using gist (occupies)
  where occupies_to - occupies_from > interval '4 hours' and state in ('held', 'requested', 'confirmed');
