-- Worker processes that run or ran. Each holds the advisory lock
-- of its id for as long as it lives, so a killed one is known at once and its jobs go to another.
create table worker_processes (
  id         integer generated always as identity primary key,
  host       text not null,
  pid        integer not null,
  worker_ids text[] not null,     -- as graphile-worker writes them into locked_by
  started_at timestamptz not null default now()
);
