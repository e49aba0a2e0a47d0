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
    from config.commands import Commands
    from config.environment.validation import refuse_faults
    from organizations.tenancy import tenant_scope

    # What is missing is for Django's checks to say: migrations and static files need no secrets.
    if not SPEAKS_OF_FAULTS & {*sys.argv[1:2]}:
        refuse_faults(is_complete=False)
    with tenant_scope.everything():  # commands are for whoever runs the installation
        Commands(sys.argv).execute()


if __name__ == "__main__":
    main()
