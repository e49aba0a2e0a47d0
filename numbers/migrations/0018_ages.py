"""Old batches and deleted numbers are found by their age; made without a lock that would hold up
writes."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("numbers", "0017_rows_deleted")]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        AddIndexConcurrently(
            "batch",
            models.Index(
                fields=["settled_at"], condition=Q(settled_at__isnull=False), name="batch_age"
            ),
        ),
        AddIndexConcurrently(
            "phonenumber",
            models.Index(
                fields=["released_at"],
                condition=Q(released_at__isnull=False),
                name="phone_number_gone",
            ),
        ),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
