"""Examined by `manage.py doctor`: migrations, and the disk of an embedded database."""

import shutil
from collections.abc import Iterator

from django.conf import settings

from config.schema_guard import schema
from organizations.diagnostics.findings import Finding, register

LEAST_SPACE = 1_000_000_000  # bytes; below, a warning
HARDLY_ANY = 100_000_000  # a fault


@register("migrations")
def of_migrations() -> Iterator[Finding]:
    found = schema()
    if found.sentence:
        yield Finding("fault", "migrations", found.sentence, "Do as it says.")
    elif found.unknown:
        told = f"The database has {len(found.unknown)} migrations of a newer Patchbay, as an update"
        yield Finding("warning", "migrations", f"{told} leaves it.", "Finish the update.")
    else:
        yield Finding("ok", "migrations", "The schema is current.")


@register("disk", needs_database=False)
def of_disk() -> Iterator[Finding]:
    """Where `make up` keeps its data; another database server has a disk of its own."""
    folder = settings.DATA_FOLDER
    if not (folder / "environment").exists():
        yield Finding("ok", "disk", "No data lies here: see to the disk of PostgreSQL's machine.")
        return
    free = shutil.disk_usage(folder).free
    told = f"{free / 1e9:.1f} GB are free at {folder}."
    if free > LEAST_SPACE:
        yield Finding("ok", "disk", told)
    else:
        level = "fault" if free < HARDLY_ANY else "warning"
        yield Finding(level, "disk", told, "Make room: without any, nothing is stored.")
