"""Backups of the whole database in one file, and their way back.

The file is a zip archive: `database.dump` (pg_dump's custom format), `manifest.json` with a
checksum of every table from the same snapshot, and the encryption keys where somebody asked for
them.
"""

import psycopg


class BackupError(Exception):
    """Why there is no backup, or nothing was restored: one sentence for whoever gave the command.
    The database is as it was."""


# What ends a command with a sentence: ours, of the database, of the disk.
BACKUP_ERRORS = (BackupError, psycopg.Error, OSError)
