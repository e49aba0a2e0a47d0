"""Columns of imported files that somebody confirms, and rows that need a choice."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

STATES = ["checking", "mapping", "ready", "running", "done", "stopped", "refused"]
FATES = ["todo", "error", "repeated", "held", "unchanged", "ambiguous", "done", "failed"]


class Migration(migrations.Migration):
    dependencies = [("numbers", "0008_words"), ("organizations", "0006_words")]

    operations = [
        # The rows of many batches are read once, to check the wider constraint.
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="ColumnMapping",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "fingerprint",
                    models.CharField(editable=False, max_length=64, verbose_name="fingerprint"),
                ),
                ("headings", models.JSONField(default=list, verbose_name="headings")),
                ("mapping", models.JSONField(default=dict, verbose_name="mapping")),
                ("sheet", models.CharField(blank=True, max_length=100, verbose_name="sheet")),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="updated at",
                    ),
                ),
                ("updated_by", models.CharField(max_length=200, verbose_name="updated by")),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="column_mappings",
                        to="organizations.organization",
                        verbose_name="organization",
                    ),
                ),
            ],
            options={
                "verbose_name": "column mapping",
                "verbose_name_plural": "column mappings",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "fingerprint"), name="column_mapping_fingerprint"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="batch",
            name="layout",
            field=models.JSONField(
                blank=True, default=dict, editable=False, verbose_name="layout"
            ),
        ),
        migrations.AlterField(
            model_name="batch",
            name="state",
            field=models.CharField(
                choices=[
                    ("checking", "being checked"),
                    ("mapping", "columns to confirm"),
                    ("ready", "ready to start"),
                    ("running", "running"),
                    ("done", "done"),
                    ("stopped", "stopped"),
                    ("refused", "refused"),
                ],
                default="checking",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="batchrow",
            name="fate",
            field=models.CharField(
                choices=[
                    ("todo", "will be done"),
                    ("error", "cannot be done"),
                    ("repeated", "stands in the file already"),
                    ("held", "in the inventory already"),
                    ("unchanged", "is so already"),
                    ("ambiguous", "needs a choice"),
                    ("done", "done"),
                    ("failed", "failed"),
                ],
                default="todo",
                max_length=10,
                verbose_name="fate",
            ),
        ),
        migrations.RemoveConstraint(model_name="batch", name="batch_state"),
        migrations.AddConstraint(
            model_name="batch",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", STATES)), name="batch_state"
            ),
        ),
        migrations.RemoveConstraint(model_name="batchrow", name="batch_row_fate"),
        migrations.AddConstraint(
            model_name="batchrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("fate__in", FATES)), name="batch_row_fate"
            ),
        ),
    ]
