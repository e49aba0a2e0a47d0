"""One process for the steps before the programs: migrations, rights, static files, demo data."""

import argparse
import os
import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connections

from config.environment.reader import database
from config.environment.validation import refuse_wrong_keys
from config.schema_guard import WrongSchema, refuse_newer
from organizations.tenancy import tenant_scope


def main() -> None:
    """Run as the owner (DATABASE_URL), but make the demo data as the web (DATABASE_WEB_URL)."""
    options = arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    try:
        refuse_newer()
    except WrongSchema as error:
        sys.exit(str(error))
    call_command("migrate", interactive=False, verbosity=0)
    refuse_wrong_keys()
    call_command("grant_roles", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    connect_as(os.environ["DATABASE_WEB_URL"])
    with tenant_scope.everything():
        call_command("seed_demo", quickstart=options.quickstart, url=options.url, verbosity=0)


def connect_as(url: str) -> None:
    """Point Django's connection at the same database in another role."""
    connections["default"].close()
    connections["default"].settings_dict |= database(url)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("quickstart", type=Path)
    parser.add_argument("url")
    return parser.parse_args()


if __name__ == "__main__":
    main()
