-- How it went, once.
update api.audit
   set outcome = %(outcome)s,
       facts = facts || %(facts)s
 where id = %(audit_id)s
   and outcome is null
