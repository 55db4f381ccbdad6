-- What was called off in a period, for the report of the use of rooms: the few among the many.
create index meetings_cancelled on meetings (starts_at) where state = 'cancelled';
