-- The record of a meeting: working statements, immutable versions, review, approval, circulation.

create table minutes (
  id             bigint generated always as identity primary key,
  meeting_id     bigint not null unique references meetings,
  state          text not null default 'draft'
                 check (state in ('draft', 'in_review', 'returned', 'passed', 'approved', 'issued')),
  author_id      bigint not null references persons,
  lang           text not null check (lang in ('en', 'zh-CN')),
  template       text not null default 'plain' check (template in ('plain', 'official')),
  title          text check (char_length(title) <= 200),
  correction_reason text check (char_length(correction_reason) between 1 and 1000),   -- why the issued version is being corrected; stands in the next one
  number_year    integer,
  number         integer,
  number_scope   text,
  issued_at      timestamptz,
  issued_by      bigint references persons,
  created_at     timestamptz not null default now(),
  version        integer not null default 1,
  check (num_nonnulls(number_year, number, number_scope) in (0, 3)),
  check (state not in ('approved', 'issued') or number is not null),
  unique (number_scope, number_year, number)
);
create index minutes_state on minutes (state, id);
-- Whoever is asked to review or approve is found without reading every meeting.
create index minutes_open on minutes (meeting_id) where state <> 'issued';
create index minutes_issued on minutes (issued_at desc, id) where issued_at is not null;

-- Gap-free: per series, else the organisation, and year of approval in the organisation's zone; one counter row.
create table minutes_counters (
  scope text not null,          -- 'series:<id>' or 'organisation'
  year  integer not null,
  last  integer not null,
  primary key (scope, year)
);

-- Working rows with a stable id; a version freezes what they say.
create table statements (
  id         bigint generated always as identity primary key,
  meeting_id bigint not null references meetings,
  item_id    bigint references agenda_items,      -- null: before or after the items
  position   integer not null default 0,
  kind       text not null check (kind in ('heard', 'considered', 'noted', 'stressed', 'required', 'resolved', 'approved_in_principle', 'deferred')),
  text       text not null check (char_length(text) <= 20000),
  created_by bigint not null references persons,
  created_at timestamptz not null default now(),
  updated_by bigint references persons,
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  -- Writing as people type: which form made a statement and which one saved it last, so that a form is never at odds
  -- with itself, and a new statement is kept once before anybody presses a button.
  created_key uuid unique,                     -- the form that made it
  saved_key  uuid,                             -- the form that saved it in the background and is still open
  is_draft   boolean not null default false,   -- still stands in the field of who is writing it
  version    integer not null default 1
);
create index statements_drafts on statements (meeting_id, created_by) where is_draft and deleted_at is null;
create index statements_meeting on statements (meeting_id, item_id, position, id) where deleted_at is null;

-- What was resolved, on which basis; hangs on its statement (resolved, approved_in_principle, deferred).
create table decisions (
  id            bigint generated always as identity primary key,
  statement_id  bigint not null unique references statements,
  meeting_id    bigint not null references meetings,
  item_id       bigint references agenda_items,
  basis         text not null default 'consensus' check (basis in ('consensus', 'vote')),
  votes_for     integer check (votes_for >= 0),
  votes_against integer check (votes_against >= 0),
  abstentions   integer check (abstentions >= 0),
  number_year   integer,
  number        integer,
  created_at    timestamptz not null default now(),
  unique (number_year, number),
  check (basis = 'consensus' or num_nonnulls(votes_for, votes_against, abstentions) = 3)
);
create index decisions_meeting on decisions (meeting_id);

-- A frozen snapshot: canonical JSON (RFC 8785 order of keys) and its SHA-256. Number 1 is the first submitted draft.
create table minutes_versions (
  id         bigint generated always as identity primary key,
  minutes_id bigint not null references minutes,
  number     integer not null,
  content    text not null,
  sha256     text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  created_by bigint not null references persons,
  created_at timestamptz not null default now(),
  unique (minutes_id, number)
);

create table reviews (
  id          bigint generated always as identity primary key,
  minutes_id  bigint not null references minutes,
  version_id  bigint not null references minutes_versions,
  gate        smallint not null default 1,
  reviewer_id bigint not null references persons,
  verdict     text not null check (verdict in ('passed', 'returned')),
  codes       text[] not null default '{}',
  note        text not null default '' check (char_length(note) <= 5000),
  at          timestamptz not null default now(),
  check (verdict = 'passed' or cardinality(codes) >= 1),
  unique (version_id, gate)          -- two reviewers at once give one verdict
);
create index reviews_minutes on reviews (minutes_id, id);

create table review_comments (
  id           bigint generated always as identity primary key,
  minutes_id   bigint not null references minutes,
  version_id   bigint not null references minutes_versions,
  review_id    bigint references reviews,
  statement_id bigint references statements,      -- null: the document as a whole
  code         text,
  text         text not null check (char_length(text) between 1 and 5000),
  author_id    bigint not null references persons,
  at           timestamptz not null default now(),
  answer       text check (char_length(answer) between 1 and 5000),
  answered_by  bigint references persons,
  answered_at  timestamptz
);
create index review_comments_minutes on review_comments (minutes_id, id);

create table check_overrides (
  id         bigint generated always as identity primary key,
  minutes_id bigint not null references minutes,
  code       text not null,
  place      text not null default '',
  reason     text not null check (char_length(reason) between 1 and 1000),
  by_id      bigint not null references persons,
  at         timestamptz not null default now(),
  unique (minutes_id, code, place)
);

-- A version made official: who, when, which bytes. A correction 勘误 is a later version with an approval of its own.
create table approvals (
  id          bigint generated always as identity primary key,
  minutes_id  bigint not null references minutes,
  version_id  bigint not null unique references minutes_versions,
  approved_by bigint not null references persons,
  on_behalf_of_id bigint references persons,      -- a secretary signs for a leader: both names are kept
  approved_at timestamptz not null default now(),
  sha256      text not null
);
create index approvals_minutes on approvals (minutes_id, id);

-- A version that went out: from then on its recipients may read it, whatever is being corrected behind it.
create table issues (
  id         bigint generated always as identity primary key,
  minutes_id bigint not null references minutes,
  version_id bigint not null unique references minutes_versions,
  issued_by  bigint not null references persons,
  issued_at  timestamptz not null default now()
);
create index issues_minutes on issues (minutes_id, id);

create table circulations (
  id              bigint generated always as identity primary key,
  minutes_id      bigint not null references minutes,
  version_id      bigint not null references minutes_versions,
  person_id       bigint not null references persons,
  lang            text not null,
  circulated_at   timestamptz not null default now(),
  acknowledged_at timestamptz,                    -- receipt 签收
  unique (version_id, person_id)
);
create index circulations_minutes on circulations (minutes_id);
create index circulations_person on circulations (person_id, id desc);

-- Versions and approvals are never changed or removed, not even by SQL.
create function refuse_change_of_record() returns trigger language plpgsql as $$
begin
  raise exception '% is immutable', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger minutes_versions_immutable before update or delete on minutes_versions
  for each row execute function refuse_change_of_record();
create trigger minutes_versions_no_truncate before truncate on minutes_versions
  for each statement execute function refuse_change_of_record();
create trigger approvals_immutable before update or delete on approvals
  for each row execute function refuse_change_of_record();
create trigger approvals_no_truncate before truncate on approvals
  for each statement execute function refuse_change_of_record();
create trigger issues_immutable before update or delete on issues
  for each row execute function refuse_change_of_record();
create trigger issues_no_truncate before truncate on issues
  for each statement execute function refuse_change_of_record();

-- An allotted number stays with its minutes.
create function keep_minutes_number() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'minutes are never deleted' using errcode = 'restrict_violation';
  end if;
  if old.number is not null and (new.number, new.number_year, new.number_scope, new.meeting_id)
     is distinct from (old.number, old.number_year, old.number_scope, old.meeting_id) then
    raise exception 'the number of approved minutes never changes' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger minutes_keep_number before update or delete on minutes
  for each row execute function keep_minutes_number();

-- The working text of approved minutes stands still until a correction reopens it (state back to draft).
create function refuse_change_of_approved_text() returns trigger language plpgsql as $$
declare
  of_meeting bigint := case when tg_op = 'DELETE' then old.meeting_id else new.meeting_id end;
begin
  if exists (select 1 from minutes where meeting_id = of_meeting and state in ('approved', 'issued')) then
    raise exception 'approved minutes are immutable' using errcode = 'restrict_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger statements_of_approved_minutes before insert or update or delete on statements
  for each row execute function refuse_change_of_approved_text();

-- The worker draws PDFs; pages only hand them out. The key is the hash of all that stands in one.
create table drawings (
  key      text primary key check (key ~ '^[0-9a-f]{64}$'),
  content  bytea not null,
  drawn_at timestamptz not null default now()
);
create index drawings_age on drawings (drawn_at);
