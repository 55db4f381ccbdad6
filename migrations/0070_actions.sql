-- Actions 督办事项 and their recorded answers 回音.

create table actions (
  id              bigint generated always as identity primary key,
  meeting_id      bigint not null references meetings,
  item_id         bigint references agenda_items,
  statement_id    bigint unique references statements,    -- the statement that carries it
  deliverable     text not null check (char_length(deliverable) between 1 and 2000),
  lead_id         bigint references persons,     -- may be missing while planned: check O01 blocks the review
  due_on          date,
  original_due_on date,                          -- set when assigned, never changes
  state           text not null default 'planned'
                  check (state in ('planned', 'assigned', 'accepted', 'in_progress', 'answered', 'closed', 'refused', 'blocked', 'cancelled')),
  state_reason    text check (char_length(state_reason) <= 2000),
  assigned_at     timestamptz,
  accepted_at     timestamptz,
  closed_at       timestamptz,
  closed_by       bigint references persons,
  created_by      bigint not null references persons,
  created_at      timestamptz not null default now(),
  version         integer not null default 1,
  check (state in ('planned', 'cancelled') or num_nonnulls(lead_id, due_on, original_due_on) = 3),
  check (state <> 'closed' or (num_nonnulls(closed_by, closed_at) = 2 and closed_by <> lead_id))
);
create index actions_lead on actions (lead_id, due_on) where state not in ('planned', 'closed', 'cancelled');
create index actions_open on actions (due_on, id) where state not in ('planned', 'closed', 'cancelled');
create index actions_meeting on actions (meeting_id);
create index actions_closed on actions (closed_at desc, id) where state = 'closed';
-- Lists and exports go by due date; what is not assigned yet may lack one and comes last. The board, Today and the filters
-- look only at what is not done, however much is.
create index actions_not_done on actions ((coalesce(due_on, date '9999-12-31')), id) where state not in ('closed', 'cancelled');
create index actions_done on actions (state, (coalesce(due_on, date '9999-12-31')) desc, id desc) where state in ('closed', 'cancelled');

create table action_helpers (
  action_id bigint not null references actions,
  person_id bigint not null references persons,
  primary key (action_id, person_id)
);
create index action_helpers_person on action_helpers (person_id);

create table answers (
  id           bigint generated always as identity primary key,
  action_id    bigint not null references actions,
  text         text not null check (char_length(text) between 1 and 20000),
  answered_by  bigint not null references persons,
  -- A lead without an account cannot answer here: whoever writes it down is answered_by, for_id the lead.
  for_id       bigint references persons,
  answered_at  timestamptz not null default now(),
  verdict      text check (verdict in ('accepted', 'sent_back')),
  verdict_note text check (char_length(verdict_note) <= 5000),
  verdict_by   bigint references persons,
  verdict_at   timestamptz,
  check (verdict is null or num_nonnulls(verdict_by, verdict_at) = 2),
  check (verdict is distinct from 'sent_back' or char_length(verdict_note) > 0),
  -- Nobody judges an answer of their own, or one that was written down for them.
  check (verdict_by is null or verdict_by <> answered_by),
  check (verdict_by is null or for_id is null or verdict_by <> for_id)
);
create index answers_action on answers (action_id, id desc);
create unique index answers_one_open on answers (action_id) where verdict is null;
create table answer_files (
  answer_id bigint not null references answers,
  file_id   bigint not null references files,
  primary key (answer_id, file_id)
);

create table due_date_extensions (
  id           bigint generated always as identity primary key,
  action_id    bigint not null references actions,
  asked_by     bigint not null references persons,
  asked_at     timestamptz not null default now(),
  new_due_on   date not null,
  reason       text not null check (char_length(reason) between 1 and 2000),
  verdict      text check (verdict in ('granted', 'refused')),
  verdict_note text check (char_length(verdict_note) <= 2000),
  verdict_by   bigint references persons,
  verdict_at   timestamptz
);
create index due_date_extensions_action on due_date_extensions (action_id, id);
create unique index due_date_extensions_one_open on due_date_extensions (action_id) where verdict is null;

-- One push 催办, stored. The same action, person, level and day is never sent twice.
create table reminders (
  id        bigint generated always as identity primary key,
  action_id bigint not null references actions,
  person_id bigint not null references persons,
  level     text not null check (level in ('before_due', 'due', 'overdue', 'by_hand')),
  on_day    date not null,
  sent_by   bigint references persons,          -- null: by the clock
  at        timestamptz not null default now(),
  unique (action_id, person_id, level, on_day)
);
-- Who the reminders of a lead went to, newest day first: one digest per person per day.
create index reminders_person on reminders (person_id, at desc);

create function keep_original_due_date() returns trigger language plpgsql as $$
begin
  if old.state <> 'planned' and new.original_due_on is distinct from old.original_due_on then
    raise exception 'original_due_on never changes' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger actions_keep_original_due_date before update on actions
  for each row execute function keep_original_due_date();
