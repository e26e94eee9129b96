-- One change of a user's belongings at a time, so that what is counted stays true until it is added to.
select id
  from api.users
 where id = %(user_id)s
   for no key update
