from django.db import migrations


class Migration(migrations.Migration):
    """The table of Django's DatabaseCache: failed sign-ins, which all web processes count."""

    dependencies = [("organizations", "0002_invitations")]

    operations = [
        migrations.RunSQL(
            sql=[
                "CREATE TABLE sign_in_cache (cache_key varchar(255) PRIMARY KEY,"
                " value text NOT NULL, expires timestamp with time zone NOT NULL)",
                "CREATE INDEX sign_in_cache_expires ON sign_in_cache (expires)",
            ],
            reverse_sql="DROP TABLE sign_in_cache",
        )
    ]
