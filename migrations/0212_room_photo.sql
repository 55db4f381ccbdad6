-- What a room's photo shows, for whoever can't see it.
alter table rooms add column photo_alt text check (char_length(photo_alt) between 1 and 300);
