"""Counts the outcomes of attempts. The count is a statement of its own after the attempt, so it
cannot slow an attempt down or fail it."""

import logging
import os

from django.db import Error, connection

from integrations.models import Operation
from organizations.tenancy import tenant_scope

logger = logging.getLogger(__name__)

SHARDS = 16
# Commits without waiting for the disk: losing a count when the machine crashes does no harm.
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
    """Counts the operation's last attempt by platform and by the outcome stored in its row."""
    values = {"id": operation.pk, "shard": os.getpid() % SHARDS}
    try:
        with tenant_scope.within(operation.organization_id), connection.cursor() as cursor:
            cursor.execute(COUNT_ATTEMPT_SQL, values)
    except Error as error:
        logger.debug("an attempt was not counted: %s", error)
