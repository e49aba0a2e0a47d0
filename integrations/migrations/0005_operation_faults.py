from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0004_words")]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="faults",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, verbose_name="faults"),
        )
    ]
