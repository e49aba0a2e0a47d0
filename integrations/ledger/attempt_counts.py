"""Counts how attempts end. It must cost the attempt nothing: a statement of its own, after it."""

import logging
import os

from django.db import Error, connection

from integrations.models import Operation
from organizations.tenancy import tenant_scope

logger = logging.getLogger(__name__)

SHARDS = 16
# Nobody waits for the disk: a count that a crash of the machine loses is no loss.
COUNT_ATTEMPT_SQL = """
INSERT INTO integrations_attemptcount AS counted (platform, outcome, shard, attempts)
SELECT i.kind, o.outcome, %(shard)s, 1
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS soon(set)
JOIN integrations_operation o ON o.id = %(id)s
JOIN integrations_integration i ON i.id = o.integration_id
WHERE o.outcome <> ''
ON CONFLICT (platform, outcome, shard) DO UPDATE SET attempts = counted.attempts + 1
"""


def count_attempt(operation: Operation) -> None:
    """By the outcome that its last attempt left in the row."""
    values = {"id": operation.pk, "shard": os.getpid() % SHARDS}
    try:
        with tenant_scope.within(operation.organization_id), connection.cursor() as cursor:
            cursor.execute(COUNT_ATTEMPT_SQL, values)
    except Error as error:
        logger.debug("an attempt was not counted: %s", error)
