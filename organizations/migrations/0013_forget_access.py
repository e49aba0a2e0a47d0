"""Sessions, invitations and API keys that are over can be deleted by the worker, which has no rights
to their tables and gets none."""

from django.db import migrations

# Each deletes at most so many rows, and only what is over; returns how many. Rows that somebody has
# locked are left.
FUNCTIONS = """
CREATE FUNCTION forget_sessions(most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH old AS MATERIALIZED (
    SELECT session_key FROM django_session WHERE expire_date < statement_timestamp()
    ORDER BY expire_date LIMIT most FOR UPDATE SKIP LOCKED
  ), listed AS (
    DELETE FROM usersessions_usersession u USING old WHERE u.session_key = old.session_key
  ), gone AS (
    DELETE FROM django_session s USING old WHERE s.session_key = old.session_key RETURNING 1
  ) SELECT count(*) FROM gone
$$;

CREATE FUNCTION forget_invitations(age interval, most integer) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH old AS MATERIALIZED (
    SELECT id FROM organizations_invitation
    WHERE least(accepted_at, revoked_at, expires_at)
      < statement_timestamp() - greatest(age, interval '1 day')
    LIMIT most FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM organizations_invitation i USING old WHERE i.id = old.id RETURNING 1
  ) SELECT count(*) FROM gone
$$;

CREATE FUNCTION forget_api_keys(age interval, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  old uuid[];
BEGIN
  old := ARRAY(SELECT id FROM organizations_apikey
    WHERE least(revoked_at, expires_at)
      < statement_timestamp() - greatest(age, interval '1 day')
    LIMIT most FOR UPDATE SKIP LOCKED);
  UPDATE organizations_apikey SET successor_id = NULL WHERE successor_id = ANY(old);
  DELETE FROM organizations_apikey WHERE id = ANY(old);
  RETURN cardinality(old);
END $$;

REVOKE ALL ON FUNCTION forget_sessions(integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION forget_invitations(interval, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION forget_api_keys(interval, integer) FROM PUBLIC;
"""
NO_FUNCTIONS = """
DROP FUNCTION forget_sessions(integer);
DROP FUNCTION forget_invitations(interval, integer);
DROP FUNCTION forget_api_keys(interval, integer);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0012_find_api_key"),
        ("sessions", "0001_initial"),
        ("usersessions", "0001_initial"),
    ]

    operations = [migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS)]
