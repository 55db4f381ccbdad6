-- A closure may cover several rooms at once (a floor, a building): one reason and one time for all of them, one row of
-- closures for each room, because each can be opened again by itself.
create table closure_groups (
  id         bigint generated always as identity primary key,
  reason     text not null check (char_length(reason) between 1 and 500),
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  created_by bigint not null references persons,
  created_at timestamptz not null default now(),
  version    integer not null default 1,
  check (starts_at < ends_at)
);
create index closure_groups_coming on closure_groups (ends_at);

alter table closures add column group_id bigint references closure_groups;
alter table closure_groups add column first_closure bigint;
insert into closure_groups (reason, starts_at, ends_at, created_by, created_at, first_closure)
select reason, starts_at, ends_at, created_by, created_at, id from closures order by id;
update closures c set group_id = g.id from closure_groups g where g.first_closure = c.id;
alter table closure_groups drop column first_closure;
alter table closures alter column group_id set not null;
create index closures_group on closures (group_id, room_id);

-- The day grid writes the reason into its cells.
create function note_closure_reason() returns trigger language plpgsql as $$
begin
  insert into day_revisions (day, stripe)
  select distinct day::date, pg_backend_pid()
    from room_claims c,
         generate_series((c.occupies_from at time zone 'UTC')::date::timestamp, (c.occupies_to at time zone 'UTC')::date::timestamp, interval '1 day') day
   where c.closure_id = new.id and c.state in ('held', 'requested', 'confirmed')
   order by 1
  on conflict (day, stripe) do update set revision = day_revisions.revision + 1;
  return null;
end $$;
create trigger closures_note_reason after update on closures
  for each row when (old.reason is distinct from new.reason) execute function note_closure_reason();
