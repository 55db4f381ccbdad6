-- Beside the wish for certain rooms: any one room with so many seats, in a building or anywhere. Each room that fits when it is
-- asked for is a row, so that the queue of a room, what is given up and what is held read the same rows; one of them is offered.
alter table awaited_rooms
  add column any_seats    integer check (any_seats between 1 and 5000),   -- null: all the rows together are wanted
  add column any_building text check (any_building <> ''),
  add column is_offered   boolean not null default false,                 -- the one that is, or was, held
  add check (any_building is null or any_seats is not null);
