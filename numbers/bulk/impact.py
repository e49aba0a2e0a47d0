"""What a deletion of many numbers would take away elsewhere, counted before anybody agrees."""

from dataclasses import dataclass

from django.db import connection

from numbers.inventory.integration_visibility import told
from numbers.models import Batch

LOST = """
SELECT platform, count(*) FROM numbers_batchrow r
CROSS JOIN LATERAL jsonb_array_elements_text(r.before->'platforms') platform
WHERE r.batch_id = %s AND r.fate = 'todo' GROUP BY platform ORDER BY 2 DESC, 1
"""


@dataclass(frozen=True)
class Losses:
    platforms: list[tuple[str, int]]  # numbers that each integration loses
    supplied: int  # numbers that an account owns, and could give back
    answered: int  # numbers whose calls an agent answers


def losses(batch: Batch) -> Losses:
    with connection.cursor() as cursor:
        cursor.execute(LOST, [batch.pk])
        platforms = [(told(own), count) for own, count in cursor.fetchall()]
    todo = batch.rows.filter(fate="todo")
    numbers = batch.organization.phone_numbers.exclude(inbound_agent_id=None)
    answered = numbers.filter(pk__in=todo.values("phone_number_id"))
    return Losses(platforms, todo.filter(before__supplied=True).count(), answered.count())
