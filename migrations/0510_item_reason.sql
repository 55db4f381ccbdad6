-- Why an item was returned, withdrawn or deferred; and a checksum that a download of all papers needs beforehand.

alter table agenda_items
  add column state_reason text check (char_length(state_reason) between 1 and 2000),
  add check (state <> 'returned' or state_reason is not null);
alter table files add column crc32 bigint check (crc32 between 0 and 4294967295);
