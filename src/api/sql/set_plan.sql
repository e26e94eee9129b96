-- The operator's word on a user's plan.
update pgqueue.accounts
   set tier = plans.tier
  from pgqueue.plans
 where accounts.user_id = %(user_id)s
   and plans.name = %(plan)s
returning accounts.user_id
