from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("integrations", "0011_key_proof")]

    operations = [
        migrations.CreateModel(
            name="Sweep",
            fields=[
                (
                    "name",
                    models.CharField(
                        max_length=40, primary_key=True, serialize=False, verbose_name="name"
                    ),
                ),
                ("moment", models.DateTimeField(null=True, verbose_name="reached")),
                ("key", models.UUIDField(null=True)),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
            ],
            options={
                "verbose_name": "walk over old rows",
                "verbose_name_plural": "walks over old rows",
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(moment=None, key=None)
                        | Q(moment__isnull=False, key__isnull=False),
                        name="sweep_place",
                    )
                ],
            },
        ),
    ]
