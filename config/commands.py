"""The command line, which prevents older code from changing a newer database."""

import sys

from django.core.management import ManagementUtility, get_commands
from django.core.management.base import BaseCommand

from config.schema_guard import SchemaMismatch, ensure_schema_not_newer, project_app_labels

# Patchbay's commands that touch no row, or report a schema mismatch themselves.
UNGUARDED_COMMANDS = {"draw_schemas", "doctor", "backup", "restore"}
GUARDED_COMMANDS = {"migrate", "createsuperuser", "changepassword", "shell"}  # commands of Django


class GuardedManagementUtility(ManagementUtility):
    def fetch_command(self, subcommand: str) -> BaseCommand:
        command = super().fetch_command(subcommand)
        if is_guarded_command(subcommand) and not {"--help", "-h"} & {*self.argv}:
            try:
                ensure_schema_not_newer()
            except SchemaMismatch as error:
                sys.exit(str(error))
        return command


def is_guarded_command(name: str) -> bool:
    return name in GUARDED_COMMANDS or (
        name not in UNGUARDED_COMMANDS and get_commands().get(name) in project_app_labels()
    )
