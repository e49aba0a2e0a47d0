"""What a deletion of many numbers would remove elsewhere, counted for the preview."""

from dataclasses import dataclass

from django.db import connection

from numbers.inventory.integration_visibility import integration_name_or_placeholder
from numbers.models import Batch

LOST_PLATFORMS_SQL = """
SELECT platform, count(*) FROM numbers_batchrow r
CROSS JOIN LATERAL jsonb_array_elements_text(r.before->'platforms') platform
WHERE r.batch_id = %s AND r.fate = 'todo' GROUP BY platform ORDER BY 2 DESC, 1
"""


@dataclass(frozen=True)
class DeletionImpact:
    platforms: list[tuple[str, int]]  # numbers that each integration loses
    supplied: int  # numbers that an account owns and could release
    answered: int  # numbers whose calls an agent answers


def measure_deletion_impact(batch: Batch) -> DeletionImpact:
    with connection.cursor() as cursor:
        cursor.execute(LOST_PLATFORMS_SQL, [batch.pk])
        platforms = [
            (integration_name_or_placeholder(own), count) for own, count in cursor.fetchall()
        ]
    todo = batch.rows.filter(fate="todo")
    numbers = batch.organization.phone_numbers.exclude(inbound_agent_id=None)
    answered = numbers.filter(pk__in=todo.values("phone_number_id"))
    return DeletionImpact(platforms, todo.filter(before__supplied=True).count(), answered.count())
