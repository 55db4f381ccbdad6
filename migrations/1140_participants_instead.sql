-- One index less: a meeting and a person are unique already.
drop index participants_with_series;

-- Who came instead of whom is asked of one participant at a time, among all there ever were.
create index participants_instead on participants (instead_of_id) where instead_of_id is not null;
