from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0013_operation_age")]

    operations = [
        migrations.CreateModel(
            name="AttemptCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("platform", models.CharField(max_length=20, verbose_name="platform")),
                ("outcome", models.CharField(max_length=12, verbose_name="outcome")),
                ("shard", models.PositiveSmallIntegerField()),
                ("attempts", models.PositiveBigIntegerField(default=0, verbose_name="attempts")),
            ],
            options={
                "verbose_name": "counted attempts",
                "verbose_name_plural": "counted attempts",
                "constraints": [
                    models.UniqueConstraint(
                        fields=["platform", "outcome", "shard"], name="attempt_count_place"
                    )
                ],
            },
        ),
    ]
