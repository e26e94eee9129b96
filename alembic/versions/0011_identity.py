"""Operators, locked users, scopes of sessions; row-level security behind the API."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Row-level security for one role: what the API does for a user it does as pgqueue_api, which sees that user's rows
# alone. Restrictive, and for that role alone: no policy added later can widen it, and all other roles (workers,
# operators) are held by what they were granted, at no cost. Every table with an owner's column is taken in, also those
# that later migrations add: `pgqueue migrate` calls this each time. Only what is missing is done, for it takes locks.
RAISE_ROW_SECURITY = """
create function pgqueue.raise_row_security() returns boolean
language plpgsql
set search_path = pg_catalog
as $$
declare
  -- In a sub-select it is worked out once a statement. Not set, or set and gone, it is null: no row.
  acting_for constant text := '(select nullif(current_setting(''pgqueue.user_id'', true), '''')::uuid)';
  owned record;
begin
  if not exists (select from pg_roles where rolname = 'pgqueue_api') then
    begin
      create role pgqueue_api nologin;
    exception
      when insufficient_privilege then return false;
      when duplicate_object or unique_violation then null;  -- made just now, by the migration of another database
    end;
  end if;
  if not (select rolsuper from pg_roles where rolname = current_user)
     and not exists (select from pg_auth_members as granted
                      where roleid = 'pgqueue_api'::regrole
                        and member = current_user::regrole
                        and coalesce((to_jsonb(granted) ->> 'set_option')::boolean, true)) then
    begin
      execute format('grant pgqueue_api to %I', current_user)
              || case when current_setting('server_version_num')::int < 160000 then ''
                      else ' with inherit false, set true' end;
    exception
      when insufficient_privilege or invalid_grant_operation then null;  -- the API says so when it starts
    end;
  end if;

  for owned in
    select class.oid::regclass as name, bool_or(attname = 'user_id') as names_user, class.relrowsecurity as is_enabled,
           exists (select from pg_policy where polrelid = class.oid and polname = 'everyone') as has_everyone,
           exists (select from pg_policy where polrelid = class.oid and polname = 'own_rows') as has_own_rows
      from pg_class as class
      join pg_attribute on attrelid = class.oid and not attisdropped
     where class.relnamespace in ('pgqueue'::regnamespace, 'api'::regnamespace, 'engine'::regnamespace)
       and class.relkind in ('r', 'p')
       and (attname in ('user_id', 'job_id') or class.oid = 'api.users'::regclass)
     group by class.oid
  loop
    if not owned.has_everyone then
      execute format('create policy everyone on %s for all to public using (true)', owned.name);
    end if;
    if not owned.has_own_rows then
      execute format(
        'create policy own_rows on %s as restrictive for all to pgqueue_api using (%s)', owned.name,
        case when owned.name = 'api.users'::regclass then format('id = %s', acting_for)
             when owned.names_user then format('user_id = %s', acting_for)
             else format('exists (select from pgqueue.jobs where jobs.id = %s.job_id and jobs.user_id = %s)',
                         owned.name, acting_for) end);
    end if;
    if not owned.is_enabled then
      execute format('alter table %s enable row level security', owned.name);
    end if;
  end loop;

  grant usage on schema pgqueue, api to pgqueue_api;
  grant select on pgqueue.jobs, pgqueue.progress, pgqueue.attempts, pgqueue.results, pgqueue.accounts, pgqueue.ledger,
                  pgqueue.lanes, pgqueue.plans, pgqueue.queues, pgqueue.turns, api.users, api.strategies to pgqueue_api;
  -- What adding and cancelling one's own job writes, and not a column more.
  grant insert on pgqueue.jobs, pgqueue.lanes, pgqueue.ledger to pgqueue_api;
  grant insert (name) on pgqueue.queues to pgqueue_api;
  grant insert (queue, rank) on pgqueue.turns to pgqueue_api;
  grant insert (user_id, tier) on pgqueue.accounts to pgqueue_api;
  grant update (state, turn, seq, updated_at, finished_at, cancel_requested_at, error) on pgqueue.jobs to pgqueue_api;
  grant update (slots, excess, used, parked, day, today, last_turns) on pgqueue.lanes to pgqueue_api;
  grant update (available, held) on pgqueue.accounts to pgqueue_api;
  grant insert, update, delete on api.strategies to pgqueue_api;
  grant update (created_at) on api.users to pgqueue_api;  -- to lock the own row, Postgres wants a column one may change
  grant execute on function pgqueue.uuid7, pgqueue.try_enqueue, pgqueue.try_cancel, pgqueue.ensure_queue,
                            pgqueue.give_way, pgqueue.settle, pgqueue.raise_turns, pgqueue.lanes_moved,
                            pgqueue.give_back_day, pgqueue.admit(text, uuid), pgqueue.admit(text, uuid[]),
                            pgqueue.record_event to pgqueue_api;
  return true;
end
$$
"""

# The role stays: it is the whole server's, and other databases may use it.
TAKE_DOWN_ROW_SECURITY = """
do $$
declare
  owned regclass;
begin
  for owned in
    select distinct polrelid::regclass
      from pg_policy
      join pg_class on pg_class.oid = polrelid
     where polname in ('everyone', 'own_rows')
       and relnamespace in ('pgqueue'::regnamespace, 'api'::regnamespace, 'engine'::regnamespace)
  loop
    execute format('drop policy if exists everyone on %s', owned);
    execute format('drop policy if exists own_rows on %s', owned);
    execute format('alter table %s disable row level security', owned);
  end loop;
  if exists (select from pg_roles where rolname = 'pgqueue_api') then
    revoke all on all tables in schema pgqueue, api from pgqueue_api;
    revoke all on all functions in schema pgqueue, api from pgqueue_api;
    revoke all on schema pgqueue, api from pgqueue_api;
  end if;
end
$$
"""


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column("is_read_only_admin", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="api",
    )
    op.add_column("users", sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True), schema="api")
    op.create_check_constraint(
        op.f("users_one_role_check"), "users", "not (is_admin and is_read_only_admin)", schema="api"
    )
    op.add_column("sessions", sa.Column("key_id", sa.Uuid(), nullable=True), schema="api")
    op.add_column(
        "sessions",
        sa.Column("scopes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        schema="api",
    )
    op.add_column("sessions", sa.Column("claimed_plan", sa.Text(), nullable=True), schema="api")
    op.add_column("sessions", sa.Column("claimed_role", sa.Text(), nullable=True), schema="api")
    op.create_foreign_key(
        op.f("sessions_key_id_fkey"),
        "sessions",
        "api_keys",
        ["key_id"],
        ["id"],
        source_schema="api",
        referent_schema="api",
        ondelete="CASCADE",
    )
    op.create_check_constraint(
        op.f("sessions_claimed_plan_known_check"), "sessions", "claimed_plan in ('free', 'basic', 'pro')", schema="api"
    )
    op.create_check_constraint(
        op.f("sessions_claimed_role_known_check"),
        "sessions",
        "claimed_role in ('user', 'read_only_admin', 'admin')",
        schema="api",
    )
    op.create_index(
        "sessions_key_id_idx",
        "sessions",
        ["key_id"],
        unique=False,
        schema="api",
        postgresql_where=sa.text("key_id is not null"),
    )
    op.execute(RAISE_ROW_SECURITY)
    op.execute("revoke all on function pgqueue.raise_row_security() from public")
    op.execute("select pgqueue.raise_row_security()")


def downgrade() -> None:
    op.execute(TAKE_DOWN_ROW_SECURITY)
    op.execute("drop function pgqueue.raise_row_security()")
    op.drop_index("sessions_key_id_idx", table_name="sessions", schema="api")
    for name in ("claimed_role", "claimed_plan", "scopes", "key_id"):
        op.drop_column("sessions", name, schema="api")
    op.drop_constraint(op.f("users_one_role_check"), "users", schema="api", type_="check")
    op.drop_column("users", "locked_at", schema="api")
    op.drop_column("users", "is_read_only_admin", schema="api")
