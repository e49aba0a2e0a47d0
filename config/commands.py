"""The command line, which lets no older code change a newer database."""

import sys

from django.core.management import ManagementUtility, get_commands
from django.core.management.base import BaseCommand

from config.schema_guard import SchemaMismatch, ensure_schema_not_newer, project_app_labels

# Ours that touch no row, or say themselves what is wrong.
UNGUARDED_COMMANDS = {"draw_schemas", "doctor", "backup", "restore"}
GUARDED_COMMANDS = {"migrate", "createsuperuser", "changepassword", "shell"}  # of Django's


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
