-- The operator's word on a user's plan.
update api.users
   set plan = %(plan)s
 where id = %(user_id)s
returning id
