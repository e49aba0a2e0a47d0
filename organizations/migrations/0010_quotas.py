from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organizations", "0009_exports")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="quotas",
            field=models.JSONField(blank=True, db_default={}, default=dict, verbose_name="quotas"),
        )
    ]
