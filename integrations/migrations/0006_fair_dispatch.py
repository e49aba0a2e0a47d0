"""The dispatcher's indexes, made without a lock that would hold up writes."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

QUEUE = ["organization", "integration", "next_attempt_at"]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("integrations", "0005_operation_faults"), ("organizations", "0006_words")]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        AddIndexConcurrently(
            "operation",
            models.Index(fields=QUEUE, condition=Q(status="open"), name="operation_queue"),
        ),
        AddIndexConcurrently(
            "operation",
            models.Index(
                fields=QUEUE,
                condition=Q(status="open", wish__in=["check", "discover", "look", "search"]),
                name="operation_awaited",
            ),
        ),
        AddIndexConcurrently(
            "operation",
            models.Index(
                fields=["integration", "organization"],
                condition=Q(status="open")
                & (Q(dispatched_at__isnull=False) | Q(lease_until__isnull=False)),
                name="operation_running",
            ),
        ),
        RemoveIndexConcurrently("operation", "operation_in_flight"),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
