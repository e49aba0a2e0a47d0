"""Backups read and write everything, so they need the role that owns the tables."""

from django.db import connection

from config.environment.reader import env, parse_database_settings


def connect_as_owner() -> None:
    """Connect with DATABASE_OWNER_URL, which `make up` writes down beside the web's."""
    url = env.given("DATABASE_OWNER_URL")
    if url and url != env.given("DATABASE_URL"):
        connection.close()
        connection.settings_dict |= parse_database_settings(url)
