-- What who has answered a poll was told of it last: {title, deadline, times: {option: rooms}, answered: [option]}. Compared with
-- how it stands, it says what there is to tell (src/polls/telling.ts). Null: nothing was answered yet.
alter table poll_people add column told jsonb;

update poll_people x
   set told = jsonb_build_object(
         'title', o.title, 'deadline', to_char(o.deadline_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         'times', (select coalesce(jsonb_object_agg(t.id, case when exists (select 1 from room_claims c where c.poll_option_id = t.id and c.state = 'held') then to_jsonb(t.room_ids) else '[]' end), '{}')
                     from poll_options t where t.poll_id = o.id and t.removed_at is null),
         'answered', (select jsonb_agg(a.option_id) from poll_answers a where a.poll_person_id = x.id))
  from polls o
 where o.id = x.poll_id and o.state = 'open' and exists (select 1 from poll_answers a where a.poll_person_id = x.id);

-- A poll is as private as the meeting that came out of it.
create function is_private_poll(of_poll bigint) returns boolean language sql stable
  return (select o.is_private or coalesce((select m.is_private from meetings m where m.id = o.meeting_id), false) from polls o where o.id = of_poll);

-- May this person know the poll? Who calls it and their deputies, who is asked, and the office unless it is private. Asked for
-- the few polls that hold rooms, by lists of rooms as well as by the polls themselves.
create function knows_poll(of_poll bigint, viewer bigint) returns boolean language plpgsql stable as $$
begin
  return exists (
    select 1 from polls o
     where o.id = of_poll
       and (viewer in (o.organiser_id, o.created_by)
         or exists (select 1 from poll_people x where x.poll_id = o.id and x.person_id = viewer)
         or exists (select 1 from deputies d cross join (select (now() at time zone z.zone)::date as today from organisations z) t
                     where d.deputy_id = viewer and d.person_id = o.organiser_id
                       and coalesce(d.from_on, t.today) <= t.today and coalesce(d.to_on, t.today) >= t.today)
         or (not is_private_poll(o.id) and exists (select 1 from persons v where v.id = viewer and v.role in ('secretary', 'administrator')))));
end $$;

-- What a room is held for, as far as this person may know it (see Hold in src/claims/holdQueries.ts). A function, so that lists
-- of claims don't plan it for the few that are held.
create function hold_known(option bigint, awaited bigint, until timestamptz, viewer bigint) returns jsonb language plpgsql stable as $$
declare
  poll record;
  meeting record;
begin
  if option is not null then
    select o.id, o.title, o.is_private, knows_poll(o.id, viewer) as is_known, jsonb_build_object('name', p.name, 'name_en', p.name_en) as organiser into poll
      from poll_options t join polls o on o.id = t.poll_id join persons p on p.id = o.organiser_id where t.id = option;
    if poll.is_private and not poll.is_known then return jsonb_build_object('kind', 'private'); end if;
    return jsonb_build_object('kind', 'poll', 'until', until, 'organiser', poll.organiser,
      'href', case when poll.is_known then '/polls/' || poll.id end, 'title', case when poll.is_known then poll.title end);
  end if;
  if awaited is not null then
    select m.id, m.title, (viewer in (m.organiser_id, m.booked_for_id, m.created_by)) is true as is_known into meeting from meetings m where m.id = awaited;
    return jsonb_build_object('kind', 'wait', 'until', until, 'href', case when meeting.is_known then '/meetings/' || meeting.id end, 'title', case when meeting.is_known then meeting.title end);
  end if;
  return jsonb_build_object('kind', 'private');
end $$;
