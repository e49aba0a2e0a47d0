"""Counts of the dashboard's figures, done by the workers."""

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('numbers', '0014_number_pools'),
        ('organizations', '0010_quotas'),
    ]

    operations = [
        migrations.CreateModel(
            name='FigureCount',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('days', models.PositiveSmallIntegerField(verbose_name='days')),
                ('zone', models.CharField(max_length=64, verbose_name='time zone')),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('running', 'running'), ('done', 'done'), ('failed', 'failed')], default='waiting', max_length=10, verbose_name='state')),
                ('data', models.JSONField(editable=False, null=True)),
                ('counted_at', models.DateTimeField(blank=True, null=True, verbose_name='counted at')),
                ('seconds', models.FloatField(default=0, verbose_name='seconds')),
                ('fence', models.PositiveIntegerField(default=0)),
                ('tries', models.PositiveIntegerField(default=0)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('dispatched_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='asked at')),
                ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='settled at')),
                ('organization', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='figure_counts', to='organizations.organization', verbose_name='organization')),
            ],
            options={
                'verbose_name': 'count of figures',
                'verbose_name_plural': 'counts of figures',
                'indexes': [models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['created_at'], name='figure_count_due'), models.Index(fields=['created_at'], name='figure_count_age')],
                'constraints': [models.UniqueConstraint(fields=('organization', 'days', 'zone'), nulls_distinct=False, name='figure_count_of_range'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'running', 'done', 'failed'])), name='figure_count_state')],
            },
        ),
    ]
