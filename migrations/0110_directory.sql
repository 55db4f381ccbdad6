-- The directory: how persons are sorted and found, persons merged or erased, limits on sign-in.

alter table persons
  -- Chinese names stand at their Latin spelling, so that one list serves both languages
  add column sort_name text not null generated always as (lower(coalesce(name_en, name))) stored,
  -- name, Latin name as written, without spaces and as initials ("zw"), e-mail: what a search reads
  add column search_text text not null generated always as (
    lower(name || ' ' || coalesce(name_en || ' ' || replace(name_en, ' ', '') || ' ' || regexp_replace(name_en, '(\w)\w*\W*', '\1', 'g'), '')
      || ' ' || coalesce(email, ''))) stored,
  add column merged_into_id bigint references persons,
  add column erased_at timestamptz,
  add check (merged_into_id is null or deactivated_at is not null),
  add check (erased_at is null or deactivated_at is not null);
create index persons_sorted on persons (sort_name, id);
create index persons_merged on persons (merged_into_id) where merged_into_id is not null;

-- Attempts per account and per address, kept by rate-limiter-flexible: its columns, its names.
create table sign_in_limits (
  key    varchar(255) primary key,
  points integer not null default 0,
  expire bigint
);
create index sign_in_limits_expire on sign_in_limits (expire);
