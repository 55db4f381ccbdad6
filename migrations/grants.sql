-- What the role of the running product may do: read and write rows, own nothing, and never change history.
-- Run by the owner after every migration, with banhui.app_role naming that role.
do $$
declare
  app   text := current_setting('banhui.app_role');
  place text := current_schema();
  queue record;
begin
  if app <> current_user then
    execute format('grant usage on schema %I, extensions, graphile_worker to %I', place, app);
    execute format('grant select, insert, update, delete on all tables in schema %I, graphile_worker to %I', place, app);
    execute format('grant usage, select on all sequences in schema %I, graphile_worker to %I', place, app);
    execute format('grant execute on all functions in schema %I, graphile_worker to %I', place, app);

    -- Append-only by right as well as by trigger.
    execute format('revoke update, delete on audit_events, audit_seals from %I', app);
    execute format('revoke insert, update, delete on migrations, migrations_lock from %I', app);

    -- The queue's tables carry row security, which would hide every row from anybody but their owner.
    for queue in
      select tablename as name from pg_tables where schemaname = 'graphile_worker' and rowsecurity
    loop
      execute format('drop policy if exists app on graphile_worker.%I', queue.name);
      execute format('create policy app on graphile_worker.%I to %I using (true) with check (true)', queue.name, app);
    end loop;
  end if;
end $$;
