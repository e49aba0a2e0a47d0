from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organizations', '0010_quotas'),
    ]

    operations = [
        migrations.AddField(
            model_name='organization',
            name='numbers_limited',
            field=models.BooleanField(db_default=False, default=False, help_text='The organization may only add numbers that are in one of its number pools, and only on the carrier that the pool names.', verbose_name='limited to its number pools'),
        ),
    ]
