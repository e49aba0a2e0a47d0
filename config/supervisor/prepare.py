"""One process for the steps before the programs: migrations, database rights, static files and demo
data."""

import argparse
import os
import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connections

from config.environment.reader import parse_database_settings
from config.environment.validation import ensure_encryption_keys_match
from config.schema_guard import SchemaMismatch, ensure_schema_not_newer
from organizations.tenancy import tenant_scope


def main() -> None:
    """Runs the steps as the owner (DATABASE_URL), but adds the demo data as the web
    (DATABASE_WEB_URL)."""
    options = parse_prepare_arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    try:
        ensure_schema_not_newer()
    except SchemaMismatch as error:
        sys.exit(str(error))
    call_command("migrate", interactive=False, verbosity=0)
    ensure_encryption_keys_match()
    call_command("grant_roles", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    switch_database_role(os.environ["DATABASE_WEB_URL"])
    with tenant_scope.all_organizations():
        call_command("seed_demo", quickstart=options.quickstart, url=options.url, verbosity=0)


def switch_database_role(url: str) -> None:
    """Connects Django to the same database in another role."""
    connections["default"].close()
    connections["default"].settings_dict |= parse_database_settings(url)


def parse_prepare_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("quickstart", type=Path)
    parser.add_argument("url")
    return parser.parse_args()


if __name__ == "__main__":
    main()
