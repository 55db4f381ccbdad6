-- Several photos of a room, in order.
create table room_photos (
  id       bigint generated always as identity primary key,
  room_id  bigint not null references rooms on delete cascade,
  file_id  bigint not null unique references files,
  alt      text not null check (char_length(alt) between 1 and 300),
  position integer not null default 0
);
create index room_photos_room on room_photos (room_id, position, id);

insert into room_photos (room_id, file_id, alt) select id, photo_file_id, coalesce(photo_alt, name_zh) from rooms where photo_file_id is not null;
alter table rooms drop column photo_file_id, drop column photo_alt;
