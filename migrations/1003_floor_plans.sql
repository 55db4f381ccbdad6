-- A picture of a floor with its rooms on it.
create table floor_plans (
  id         bigint generated always as identity primary key,
  site       text not null check (char_length(site) <= 100),
  building   text not null check (char_length(building) <= 100),
  floor      text not null check (char_length(floor) <= 20),
  file_id    bigint not null unique references files,
  width      integer not null check (width between 1 and 20000),                 -- pixels
  height     integer not null check (height between 1 and 20000),
  created_by bigint not null references persons,
  created_at timestamptz not null default now(),
  version    integer not null default 1,
  unique (site, building, floor)
);

-- Where a room stands, in per cent of width and height from the upper left corner.
create table plan_rooms (
  room_id bigint primary key references rooms on delete cascade,
  plan_id bigint not null references floor_plans on delete cascade,
  x       numeric(5, 2) not null check (x between 0 and 100),
  y       numeric(5, 2) not null check (y between 0 and 100)
);
create index plan_rooms_plan on plan_rooms (plan_id);
