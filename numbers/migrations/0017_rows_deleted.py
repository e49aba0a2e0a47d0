"""A batch says that its rows are gone, from the first one on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("numbers", "0016_uses_carrier")]

    operations = [
        migrations.AddField(
            "batch",
            "rows_deleted_at",
            models.DateTimeField(blank=True, null=True, verbose_name="rows deleted at"),
        ),
    ]
