-- Groups of people: the leaders, the drivers' union, everybody who may use the studio. Rules of rooms and approvers name them.
create table people_groups (
  id         bigint generated always as identity primary key,
  name_en    text not null check (char_length(name_en) between 1 and 100),
  name_zh    text not null check (char_length(name_zh) between 1 and 100),
  note       text not null default '' check (char_length(note) <= 500),
  created_at timestamptz not null default now(),
  version    integer not null default 1
);
create unique index people_groups_en on people_groups (lower(name_en));
create unique index people_groups_zh on people_groups (name_zh);

create table people_group_members (
  group_id  bigint not null references people_groups on delete cascade,
  person_id bigint not null references persons,
  primary key (group_id, person_id)
);
create index people_group_members_person on people_group_members (person_id);
