"""The command line, which lets no older code change a newer database."""

import sys

from django.core.management import ManagementUtility, get_commands
from django.core.management.base import BaseCommand

from config.schema_guard import WrongSchema, our_apps, refuse_newer

# Ours that touch no row, or say themselves what is wrong.
UNGUARDED = {"draw_schemas", "doctor", "backup", "restore"}
GUARDED = {"migrate", "createsuperuser", "changepassword", "shell"}  # of Django's


class Commands(ManagementUtility):
    def fetch_command(self, subcommand: str) -> BaseCommand:
        command = super().fetch_command(subcommand)
        if is_guarded(subcommand) and not {"--help", "-h"} & {*self.argv}:
            try:
                refuse_newer()
            except WrongSchema as error:
                sys.exit(str(error))
        return command


def is_guarded(name: str) -> bool:
    return name in GUARDED or (name not in UNGUARDED and get_commands().get(name) in our_apps())
