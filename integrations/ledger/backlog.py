"""Measures how long the oldest due operation has waited, which shows whether workers are behind or
an operation is stuck."""

from datetime import timedelta

from django.db import connection

from integrations.ledger.leases import BREAKER_THRESHOLD
from organizations.tenancy import tenant_scope

# Reads one entry of the index `operation_due` for each connected integration. A queue whose
# platform has an operation in progress may be long, but it is not stuck.
OLDEST_DUE_SQL = f"""
SELECT max(statement_timestamp() - due.next_attempt_at)
FROM integrations_integration i CROSS JOIN LATERAL (
    SELECT o.next_attempt_at FROM integrations_operation o
    WHERE o.integration_id = i.id AND o.status = 'open'
      AND o.next_attempt_at < statement_timestamp()
    ORDER BY o.next_attempt_at LIMIT 1) due
WHERE i.state = 'connected'
  AND NOT (i.failures >= {BREAKER_THRESHOLD}
           AND coalesce(i.open_until, '-infinity') > statement_timestamp())
  AND coalesce(i.paced_until, '-infinity') < statement_timestamp()
  AND NOT EXISTS (
    SELECT 1 FROM integrations_operation o
    WHERE o.integration_id = i.id AND o.status = 'open'
      AND (o.dispatched_at IS NOT NULL OR o.lease_until IS NOT NULL)
      AND o.lease_until > statement_timestamp())
"""


def oldest_due_age() -> timedelta:
    """Returns how long the oldest due operation of all organizations has been waiting, or zero if
    none is due. Raises django.db.Error."""
    with tenant_scope.all_organizations(), connection.cursor() as cursor:
        cursor.execute(OLDEST_DUE_SQL)
        return cursor.fetchone()[0] or timedelta(0)
