-- What an administrator is about to do. outcome stays null until it is done: null is an action that was cut short.
insert into api.audit (user_id, action, target, facts)
values (%(user_id)s, %(action)s, %(target)s, %(facts)s)
returning id
