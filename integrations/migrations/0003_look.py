from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("integrations", "0002_questions")]

    operations = [
        migrations.AlterField(
            model_name="operation",
            name="wish",
            field=models.CharField(
                choices=[
                    ("ensure", "set up"),
                    ("remove", "remove"),
                    ("check", "check the credentials"),
                    ("merge", "merge duplicates and set up"),
                    ("search", "search numbers for sale"),
                    ("discover", "list what the account holds"),
                    ("look", "look what is there"),
                ],
                max_length=10,
                verbose_name="wish",
            ),
        )
    ]
