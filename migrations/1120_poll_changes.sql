-- An open poll can be changed, and answered by somebody else for who is asked.
alter table polls add column version integer not null default 1;
-- A time that is offered no longer: its row stays, because what held its room names it. Offered again, the same row comes back.
alter table poll_options add column removed_at timestamptz;
-- Who entered the answer, when it was not the one who is asked.
alter table poll_people add column answered_by bigint references persons;
