-- Issue 印发, corrections 勘误, and the PDFs drawn in advance.

-- A version that went out: from then on its recipients may read it, whatever is being corrected behind it.
create table issues (
  id         bigint generated always as identity primary key,
  minutes_id bigint not null references minutes,
  version_id bigint not null unique references minutes_versions,
  issued_by  bigint not null references persons,
  issued_at  timestamptz not null default now()
);
create index issues_minutes on issues (minutes_id, id);
create trigger issues_immutable before update or delete on issues
  for each row execute function refuse_change_of_record();
create trigger issues_no_truncate before truncate on issues
  for each statement execute function refuse_change_of_record();

-- A secretary signs for a leader: both names are kept.
alter table approvals add column on_behalf_of_id bigint references persons;

-- Why the issued version is being corrected; stands in the next version.
alter table minutes add column correction_reason text check (char_length(correction_reason) between 1 and 1000);

-- Whoever is asked to review or approve is found without reading every meeting.
create index minutes_open on minutes (meeting_id) where state <> 'issued';

-- The worker draws PDFs; pages only hand them out. The key is the hash of all that stands in one.
create table drawings (
  key      text primary key check (key ~ '^[0-9a-f]{64}$'),
  content  bytea not null,
  drawn_at timestamptz not null default now()
);
create index drawings_age on drawings (drawn_at);
