from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("numbers", "0010_canonical_numbers")]

    operations = [
        migrations.AddField(
            "phonenumber",
            "canonical_e164",
            models.CharField(blank=True, editable=False, max_length=16, null=True),
        )
    ]
