-- A queue exists once it has its row and one line of turns per rank; claims walk the turns in rank order.
select pgqueue.ensure_queue(%(queue)s)
