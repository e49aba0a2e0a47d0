"""The numbers that are being removed are found without reading all tombstones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("numbers", "0006_batch_tries")]

    operations = [
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="phonenumber",
            index=models.Index(
                condition=models.Q(("released_at", None), ("status", "deleted")),
                fields=["organization", "-created_at", "-id"],
                name="phone_number_leaving",
            ),
        ),
    ]
