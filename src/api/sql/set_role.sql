-- The operator's word on who operates: at most one of the two is true.
update api.users
   set is_admin = %(role)s = 'admin',
       is_read_only_admin = %(role)s = 'read_only_admin'
 where id = %(user_id)s
