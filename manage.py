#!/usr/bin/env python
"""Django's command line."""

import os
import sys

import config  # noqa: F401  first of all: it makes the folder `numbers` importable

SPEAKS_OF_FAULTS = {"help", "doctor"}


def main() -> None:
    if sys.argv[1:2] == ["healthy"]:  # asked every few seconds: it does without Django
        from config.healthy import main as healthy

        sys.exit(healthy(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.commands import GuardedManagementUtility
    from config.environment.validation import ensure_valid_settings
    from organizations.tenancy import tenant_scope

    # What is missing is for Django's checks to say: migrations and static files need no secrets.
    if not SPEAKS_OF_FAULTS & {*sys.argv[1:2]}:
        ensure_valid_settings(is_complete=False)
    with tenant_scope.all_organizations():  # commands are for whoever runs the installation
        GuardedManagementUtility(sys.argv).execute()


if __name__ == "__main__":
    main()
