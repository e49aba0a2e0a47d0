import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import numbers.numbering.e164
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('carriers', '0002_words'),
        ('numbers', '0013_search_under_row_security'),
        ('organizations', '0011_numbers_limited'),
    ]

    operations = [
        migrations.CreateModel(
            name='NumberPool',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('prefixes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16, validators=[django.core.validators.RegexValidator('\\A\\+[1-9][0-9]{0,14}\\Z', 'A prefix is a plus and the first digits of a number: +4420.')]), blank=True, default=list, size=1000, verbose_name='prefixes')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('carrier', models.ForeignKey(blank=True, help_text="The only carrier for these numbers. It may be another organization's.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name='number_pools', to='carriers.carrier', verbose_name='carrier')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='number_pools', to='organizations.organization', verbose_name='organization')),
            ],
            options={
                'verbose_name': 'number pool',
                'verbose_name_plural': 'number pools',
            },
        ),
        migrations.CreateModel(
            name='PooledNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('e164', numbers.numbering.e164.E164Field(max_length=16, region=None, verbose_name='number')),
                ('organization', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pooled_numbers', to='organizations.organization', verbose_name='organization')),
                ('pool', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pooled_numbers', to='numbers.numberpool', verbose_name='number pool')),
            ],
            options={
                'verbose_name': 'number of a pool',
                'verbose_name_plural': 'numbers of pools',
            },
        ),
        migrations.AddIndex(
            model_name='numberpool',
            index=models.Index(fields=['organization', '-created_at', '-id'], name='number_pool_newest'),
        ),
        migrations.AddConstraint(
            model_name='numberpool',
            constraint=models.UniqueConstraint(fields=('organization', 'name'), name='number_pool_name_unique', violation_error_message='The organization has a number pool of this name.'),
        ),
        migrations.AddIndex(
            model_name='poolednumber',
            index=models.Index(fields=['organization', 'e164'], name='pooled_number_by_number'),
        ),
        migrations.AddConstraint(
            model_name='poolednumber',
            constraint=models.UniqueConstraint(fields=('pool', 'e164'), name='pooled_number_unique'),
        ),
        migrations.AlterField(
            model_name='phonenumber',
            name='source',
            field=models.CharField(choices=[('topcalls', 'a carrier of the installation'), ('byoc', 'a carrier of the organization'), ('manual', 'typed in'), ('import', 'imported'), ('twilio', 'Twilio')], max_length=10, verbose_name='source'),
        ),
    ]
