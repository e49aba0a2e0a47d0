"""Checks of `manage.py doctor`: migrations, and the disk of an embedded database."""

import shutil
from collections.abc import Iterator

from django.conf import settings

from config.schema_guard import compare_schema
from organizations.diagnostics.findings import Finding, register_diagnostic_check

LOW_DISK_BYTES = 1_000_000_000  # bytes; a warning below
CRITICAL_DISK_BYTES = 100_000_000  # bytes; a fault below


@register_diagnostic_check("migrations")
def diagnose_migrations() -> Iterator[Finding]:
    found = compare_schema()
    if found.sentence:
        yield Finding("fault", "migrations", found.sentence, "Do as it says.")
    elif found.unknown:
        told = f"The database has {len(found.unknown)} migrations of a newer Patchbay, as an update"
        yield Finding("warning", "migrations", f"{told} leaves it.", "Finish the update.")
    else:
        yield Finding("ok", "migrations", "The schema is current.")


@register_diagnostic_check("disk", needs_database=False)
def diagnose_disk_space() -> Iterator[Finding]:
    """Yields the free disk space where `make up` stores its data. Another database server has a
    disk of its own, which is not checked."""
    folder = settings.DATA_FOLDER
    if not (folder / "environment").exists():
        yield Finding("ok", "disk", "No data lies here: see to the disk of PostgreSQL's machine.")
        return
    free = shutil.disk_usage(folder).free
    told = f"{free / 1e9:.1f} GB are free at {folder}."
    if free > LOW_DISK_BYTES:
        yield Finding("ok", "disk", told)
    else:
        level = "fault" if free < CRITICAL_DISK_BYTES else "warning"
        yield Finding(level, "disk", told, "Make room: without any, nothing is stored.")
