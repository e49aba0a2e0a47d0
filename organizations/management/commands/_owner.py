"""Backups read and write everything, so they need the role that owns the tables."""

import os

from django.db import connection

from config.environment import database


def become_owner() -> None:
    """Connect with DATABASE_OWNER_URL, which `make up` writes down beside the web's."""
    url = os.environ.get("DATABASE_OWNER_URL")
    if url and url != os.environ.get("DATABASE_URL"):
        connection.close()
        connection.settings_dict |= database(url)
