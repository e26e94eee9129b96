-- What an administrator is about to do, and the key it is done with, if one is. outcome stays null until it is done: null is
-- an action that was cut short.
insert into api.audit (user_id, action, target, facts, key_name)
values (%(user_id)s, %(action)s, %(target)s, %(facts)s,
        (select coalesce(nullif(name, ''), prefix) from api.api_keys where id = %(key_id)s::uuid))
returning id
