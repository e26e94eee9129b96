-- Change an account, made as free when there is none: each figure only where it is given, back to the plan's by 'plan'.
insert into pgqueue.accounts as account (user_id, tier, concurrent, per_day, waiting)
values (%(user_id)s, coalesce((select tier from pgqueue.plans where name = %(plan)s), 0),
        nullif(%(concurrent)s, 'plan')::int, nullif(%(per_day)s, 'plan')::int, nullif(%(waiting)s, 'plan')::int)
on conflict (user_id) do update
   set tier = case when %(plan)s::text is null then account.tier else excluded.tier end,
       concurrent = case when %(concurrent)s::text is null then account.concurrent else excluded.concurrent end,
       per_day = case when %(per_day)s::text is null then account.per_day else excluded.per_day end,
       waiting = case when %(waiting)s::text is null then account.waiting else excluded.waiting end
returning user_id
