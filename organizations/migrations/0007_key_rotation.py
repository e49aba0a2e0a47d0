"""Keys are rotated, and say from where they were last used."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organizations", "0006_words")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="last_used_from",
            field=models.GenericIPAddressField(
                blank=True, editable=False, null=True, verbose_name="last used from"
            ),
        ),
        migrations.AddField(
            model_name="apikey",
            name="successor",
            field=models.OneToOneField(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="predecessor",
                to="organizations.apikey",
                verbose_name="replaced by",
            ),
        ),
    ]
