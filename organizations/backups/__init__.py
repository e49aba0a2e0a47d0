"""Backups of the whole database in one file, and their restore.

The file is a zip archive: `database.dump` (pg_dump's custom format), `manifest.json` with a
checksum of every table from the same snapshot, and the encryption keys if requested.
"""

import psycopg


class BackupError(Exception):
    """Nothing was backed up or restored. The text is one sentence for whoever ran the command. The
    database is unchanged."""


# Errors of Patchbay, the database or the disk that end a command with one sentence.
BACKUP_ERRORS = (BackupError, psycopg.Error, OSError)
