"""Backups read and write everything, so they need the role that owns the tables."""

from django.db import connection

from config.environment.reader import database, env


def become_owner() -> None:
    """Connect with DATABASE_OWNER_URL, which `make up` writes down beside the web's."""
    url = env.given("DATABASE_OWNER_URL")
    if url and url != env.given("DATABASE_URL"):
        connection.close()
        connection.settings_dict |= database(url)
