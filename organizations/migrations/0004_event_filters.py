"""The audit log is filtered by deed and by day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organizations", "0003_sign_in_cache")]

    operations = [
        # A long log takes minutes, which is more than a web request may.
        migrations.RunSQL("SET LOCAL statement_timeout = 0", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["organization", "action", "-id"], name="event_action"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["organization", "at"], name="event_moment"),
        ),
    ]
