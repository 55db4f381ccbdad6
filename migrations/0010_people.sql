-- Units, persons, accounts, sign-in sessions, deputies, the organisation itself.
-- Nothing names a schema: a whole organisation lives in one schema and can be restored into another.
-- btree_gist has its own schema, so that this one holds nothing that is not ours.

create schema if not exists extensions;
create extension if not exists btree_gist with schema extensions;

create table organisations (
  id             smallint primary key default 1 check (id = 1),
  name_en        text not null check (char_length(name_en) between 1 and 200),
  name_zh        text not null check (char_length(name_zh) between 1 and 200),
  lang           text not null default 'en' check (lang in ('en', 'zh-CN')),
  zone           text not null,
  office_head_id bigint,
  -- gates of review before minutes are approved, unless a series says otherwise
  review_gates   text not null default 'one' check (review_gates in ('none', 'one')),
  is_sample      boolean not null default false,
  created_at     timestamptz not null default now(),
  version        integer not null default 1
);

create table units (
  id         bigint generated always as identity primary key,
  code       text not null unique check (char_length(code) between 1 and 40),
  name_en    text not null check (char_length(name_en) between 1 and 100),
  name_zh    text not null check (char_length(name_zh) between 1 and 100),
  parent_id  bigint references units,
  head_id    bigint,
  is_active  boolean not null default true,
  created_at timestamptz not null default now(),
  version    integer not null default 1,
  check (parent_id is distinct from id)
);
create index units_parent on units (parent_id);

-- A person is anyone who can be invited. Without a row in accounts nobody can sign in as that person.
create table persons (
  id             bigint generated always as identity primary key,
  name           text not null check (char_length(name) between 1 and 100),
  name_en        text check (char_length(name_en) between 1 and 100),
  email          text check (email = lower(email) and char_length(email) <= 254),
  phone          text check (char_length(phone) <= 40),
  position       text check (char_length(position) <= 100),
  unit_id        bigint references units,
  affiliation    text check (char_length(affiliation) <= 200),    -- where a guest comes from
  role           text not null default 'member' check (role in ('administrator', 'secretary', 'member')),
  is_guest       boolean not null default false,
  lang           text not null default 'en' check (lang in ('en', 'zh-CN')),
  zone           text not null,
  theme          text not null default 'system' check (theme in ('system', 'light', 'dark')),
  density        text not null default 'comfortable' check (density in ('comfortable', 'compact')),
  has_shortcuts  boolean not null default true,
  deactivated_at timestamptz,
  -- Chinese names stand at their Latin spelling, so that one list serves both languages
  sort_name      text not null generated always as (lower(coalesce(name_en, name))) stored,
  -- name, Latin name as written, without spaces and as initials ("zw"), e-mail: what a search reads
  search_text    text not null generated always as (
    lower(name || ' ' || coalesce(name_en || ' ' || replace(name_en, ' ', '') || ' ' || regexp_replace(name_en, '(\w)\w*\W*', '\1', 'g'), '')
      || ' ' || coalesce(email, ''))) stored,
  merged_into_id bigint references persons,
  erased_at      timestamptz,
  created_at     timestamptz not null default now(),
  version        integer not null default 1,
  check (not is_guest or role = 'member'),
  check (merged_into_id is null or deactivated_at is not null),
  check (erased_at is null or deactivated_at is not null)
);
create unique index persons_email on persons (email) where email is not null;
create index persons_unit on persons (unit_id);
create index persons_name on persons (lower(name), id);
create index persons_sorted on persons (sort_name, id);
create index persons_merged on persons (merged_into_id) where merged_into_id is not null;
alter table units add foreign key (head_id) references persons;
alter table organisations add foreign key (office_head_id) references persons;

create table accounts (
  person_id            bigint primary key references persons,
  password_hash        text,
  password_changed_at  timestamptz,
  must_change_password boolean not null default false,
  created_at           timestamptz not null default now()
);

-- The cookie holds 256 random bits; only their SHA-256 is stored. Lapsed rows stay a while so that what was
-- posted after the lapse can be kept for the same person.
create table sessions (
  id           bigint generated always as identity primary key,
  token_hash   bytea not null unique,
  person_id    bigint not null references persons,
  created_at   timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at   timestamptz not null,
  revoked_at   timestamptz,
  ip           text,
  user_agent   text
);
create index sessions_person on sessions (person_id, last_seen_at desc);
create index sessions_expiry on sessions (expires_at);

-- One-time links: first administrator, password reset, invitation to make an account.
create table one_time_tokens (
  id         bigint generated always as identity primary key,
  purpose    text not null check (purpose in ('setup', 'password_reset', 'account_invitation')),
  token_hash bytea not null unique,
  person_id  bigint references persons,
  created_at timestamptz not null default now(),
  created_by bigint references persons,
  expires_at timestamptz not null,
  used_at    timestamptz,
  check ((purpose = 'setup') = (person_id is null))
);
create index one_time_tokens_person on one_time_tokens (person_id);

-- Who may act for whom: a secretary for a leader, a deputy during an absence.
create table deputies (
  id         bigint generated always as identity primary key,
  person_id  bigint not null references persons,
  deputy_id  bigint not null references persons,
  from_on    date,
  to_on      date,
  created_at timestamptz not null default now(),
  created_by bigint references persons,
  check (person_id <> deputy_id),
  check (from_on <= to_on),
  unique (person_id, deputy_id)
);
create index deputies_deputy on deputies (deputy_id);

-- The same form posted twice is one change: the first answer is kept and given again.
create table idempotency_keys (
  person_id  bigint not null references persons,
  key        uuid not null,
  body_hash  bytea not null,
  location   text,
  created_at timestamptz not null default now(),
  primary key (person_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

-- Attempts per account and per address, kept by rate-limiter-flexible: its columns, its names.
create table sign_in_limits (
  key    varchar(255) primary key,
  points integer not null default 0,
  expire bigint
);
create index sign_in_limits_expire on sign_in_limits (expire);

-- A table of people as it was uploaded, between its preview and its import. Personal data: removed after a week.
create table person_imports (
  id          bigint generated always as identity primary key,
  content     text not null,
  created_by  bigint not null references persons,
  created_at  timestamptz not null default now(),
  finished_at timestamptz,
  added       integer,
  changed     integer,
  left_out    integer
);
create index person_imports_age on person_imports (created_at);
