-- By which a dashboard knows that there is more to read.
select max(id) as newest
  from api.audit
