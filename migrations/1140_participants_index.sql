-- One index less: a meeting and a person are unique already.
drop index participants_with_series;
