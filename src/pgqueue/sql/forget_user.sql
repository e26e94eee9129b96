-- A user's data goes, on request: waiting jobs are cancelled, ended ones removed, running ones asked to stop.
select cancelled, removed, running from pgqueue.forget_user(%(user_id)s)
