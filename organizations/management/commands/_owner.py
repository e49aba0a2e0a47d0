"""Connection as the owner of the tables. Backups read and write everything, so they need this
role."""

from django.db import connection

from config.environment.reader import env, parse_database_settings


def connect_as_owner() -> None:
    """Connects with DATABASE_OWNER_URL, which `make up` stores beside the web's URL."""
    url = env.given("DATABASE_OWNER_URL")
    if url and url != env.given("DATABASE_URL"):
        connection.close()
        connection.settings_dict |= parse_database_settings(url)
