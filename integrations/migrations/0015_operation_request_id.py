"""A column without a default of the database's: no row is written."""

from django.db import migrations, models

import organizations.web.request_id


class Migration(migrations.Migration):
    dependencies = [("integrations", "0014_attempt_count")]

    operations = [
        migrations.AddField(
            "operation",
            "request_id",
            models.UUIDField(
                blank=True,
                default=organizations.web.request_id.current_request_id,
                null=True,
                verbose_name="request id",
            ),
        )
    ]
