from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("numbers", "0005_saved_views")]

    operations = [
        migrations.AddField("batch", "tries", models.PositiveIntegerField(default=0)),
    ]
