-- Calendar feeds: secret addresses that a calendar program reads by itself. A token is derived from SECRET_KEY and this row,
-- so that its owner can be shown it again; only its hash is stored. It reads what its owner may see at that moment.

create table feeds (
  id           bigint generated always as identity primary key,
  person_id    bigint not null references persons,
  room_id      bigint references rooms,           -- null: the meetings of the person
  is_busy_only boolean not null default false,    -- times without titles
  token_hash   bytea unique,                      -- set in the transaction that makes the row
  created_at   timestamptz not null default now(),
  revoked_at   timestamptz
);
create index feeds_person on feeds (person_id, id) where revoked_at is null;
