-- Who didn't come, by time: for the list of a period, the day sheet and the grid of a day.
create index check_in_outcomes_time on check_in_outcomes (starts_at, meeting_id, room_id);

-- Who came too late for a claim to change changes what the grid says of it: as with who takes part.
create trigger check_in_outcomes_note_insert after insert on check_in_outcomes
  referencing new table as changed for each statement execute function note_participant_change();
