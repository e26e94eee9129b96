-- Until this transaction ends: that role, which sees that user's rows alone.
select set_config('role', %(role)s, true), set_config('pgqueue.user_id', %(user_id)s::text, true)
