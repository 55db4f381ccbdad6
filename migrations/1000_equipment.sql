-- The catalogue of equipment as data: what rooms are fitted with, and what is carried to a meeting and booked with it.

create table equipment_kinds (
  id         bigint generated always as identity primary key,
  code       text not null unique check (code ~ '^[a-z0-9][a-z0-9-]{0,39}$'),   -- rooms.equipment holds codes
  name_en    text not null check (char_length(name_en) between 1 and 60),
  name_zh    text not null check (char_length(name_zh) between 1 and 60),
  is_movable boolean not null default false,
  stock      integer check (stock between 0 and 9999),                          -- pieces, of what is movable
  is_active  boolean not null default true,
  sort_order integer not null default 0,
  version    integer not null default 1,
  check (is_movable = (stock is not null))
);

insert into equipment_kinds (code, name_en, name_zh, sort_order) values
  ('video', 'Video', '视频会议', 10), ('projector', 'Projector', '投影', 20), ('display', 'Display', '显示屏', 30),
  ('whiteboard', 'Whiteboard', '白板', 40), ('microphone', 'Microphones', '扩音', 50), ('phone', 'Conference phone', '会议电话', 60),
  ('recording', 'Recording', '录音录像', 70), ('interpretation', 'Interpretation', '同声传译', 80), ('tea', 'Tea service', '茶水服务', 90);

-- What a meeting has taken of the movable kinds. The time is that of its rooms, with setting up and clearing away.
create table equipment_bookings (
  meeting_id bigint not null references meetings on delete cascade,
  kind_id    bigint not null references equipment_kinds,
  quantity   integer not null check (quantity between 1 and 9999),
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  is_held    boolean not null default true,                                     -- false: given up with a cancelled meeting
  primary key (meeting_id, kind_id),
  check (starts_at < ends_at)
);
create index equipment_bookings_kind on equipment_bookings (kind_id, ends_at) where is_held;

-- The most pieces of a kind that are away at any one instant of a time.
create function equipment_peak(of_kind bigint, from_at timestamptz, to_at timestamptz, except_meeting bigint) returns bigint
language sql stable
begin atomic
  select coalesce(max(away.pieces), 0)::bigint
    from (select from_at as instant
          union
          select starts_at from equipment_bookings
           where kind_id = of_kind and is_held and starts_at > from_at and starts_at < to_at) moment
   cross join lateral (
         select sum(b.quantity) as pieces from equipment_bookings b
          where b.kind_id = of_kind and b.is_held and b.meeting_id is distinct from except_meeting
            and b.ends_at > moment.instant and b.starts_at <= moment.instant) away;
end;

-- Never more than the stock: the commands ask first, under the lock of the kind; code that forgets it fails here.
create function guard_equipment_stock() returns trigger language plpgsql as $$
declare
  available integer;
begin
  if not new.is_held then return new; end if;
  select stock into available from equipment_kinds where id = new.kind_id for no key update;
  if available is null or equipment_peak(new.kind_id, new.starts_at, new.ends_at, new.meeting_id) + new.quantity > available then
    raise exception 'more equipment than there is' using errcode = 'check_violation', constraint = 'equipment_stock';
  end if;
  return new;
end $$;
create trigger equipment_bookings_stock before insert or update on equipment_bookings
  for each row execute function guard_equipment_stock();
