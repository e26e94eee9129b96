-- A new strategy of the user's; no row when the name is taken.
insert into api.strategies (user_id, name, definition)
values (%(user_id)s, %(name)s, %(definition)s)
on conflict (user_id, name) do nothing
returning id, name, definition, revision, created_at, updated_at
