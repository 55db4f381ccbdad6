-- Nobody judges an answer of their own; the lead's acceptance is refused by the check on actions.closed_by.
alter table answers add check (verdict_by is null or verdict_by <> answered_by);

-- A lead without an account cannot answer here: whoever writes it down is answered_by, for_id the lead.
-- The lead counts as the author of such an answer too.
alter table answers add column for_id bigint references persons;
alter table answers add check (verdict_by is null or for_id is null or verdict_by <> for_id);

-- Who the reminders of a lead went to, newest day first: one digest per person per day.
create index reminders_person on reminders (person_id, at desc);
create index due_date_extensions_action on due_date_extensions (action_id, id);

-- Lists and exports go by due date; what is not assigned yet may lack one and comes last. The board, Today and the filters
-- look only at what is not done, however much is.
create index actions_not_done on actions ((coalesce(due_on, date '9999-12-31')), id) where state not in ('closed', 'cancelled');
create index actions_done on actions (state, (coalesce(due_on, date '9999-12-31')) desc, id desc) where state in ('closed', 'cancelled');
