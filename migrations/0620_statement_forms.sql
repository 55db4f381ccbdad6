-- Writing as people type: which form made a statement and which one saved it last, so that a form is never at odds with
-- itself, and a new statement is kept once before anybody presses a button.

alter table statements add column created_key uuid unique;                    -- the form that made it
alter table statements add column saved_key uuid;                             -- the form that saved it in the background and is still open
alter table statements add column is_draft boolean not null default false;    -- still stands in the field of who is writing it

create index statements_drafts on statements (meeting_id, created_by) where is_draft and deleted_at is null;
