"""The upgrade from an older major version of PostgreSQL, which the wheel contains too.

The old cluster is only read. A new one is created beside it, filled with pg_dump and pg_restore,
and compared table by table; then the two are swapped. After an interruption the old cluster is in
its place, or a new one is marked as complete.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from config.environment.reader import env
from config.supervisor import SupervisorError
from config.supervisor.children import ChildProcesses, print_output_line
from config.supervisor.files import write_private_file
from config.supervisor.postgres import (
    DATABASE_NAME,
    POSTGRES_ENVIRONMENT,
    SUPERUSER,
    Postgres,
    read_cluster_version,
)
from config.supervisor.processes import Program
from config.supervisor.software import POSTGRES_MAJOR, POSTGRES_WHEEL_FOLDERS

UPGRADE_MARKER = "upgraded-from"  # in a complete new cluster; contains the old version
MIN_FREE_BYTES = 2**28  # bytes that must remain besides twice the data
# The text of a row is the same in all versions under the same settings.
TABLE_CONTENT_SQL = sql.SQL(
    "SELECT count(*), coalesce(sum(('x' || left(md5(content::text), 15))::bit(60)::bigint), 0)"
    " FROM {} content"
)
TABLES_SQL = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg_toast%' ORDER BY 1, 2
"""


class OldPostgres(Postgres):
    """The old cluster, run by the version that wrote it, with another port in its socket's name."""

    name = "old"
    port = 5433


class NewPostgres(Postgres):
    """The new cluster, created beside the old one."""

    name = "new"

    def __init__(self, *place):
        super().__init__(*place)
        self.folder = new_cluster_folder(self.folder)


def new_cluster_folder(folder: Path) -> Path:
    return folder.with_name("postgres.upgraded")


def finish_interrupted_upgrade(postgres: Postgres) -> None:
    """Puts a complete new cluster of an interrupted upgrade in place, and deletes an incomplete
    one."""
    made = new_cluster_folder(postgres.folder)
    if (made / UPGRADE_MARKER).exists():
        swap_cluster_folders(postgres.folder, made)
    shutil.rmtree(made, ignore_errors=True)
    upgrade_dump_path(postgres).unlink(missing_ok=True)


def upgrade_dump_path(postgres: Postgres) -> Path:
    return postgres.home.path / "postgres.dump"


def swap_cluster_folders(folder: Path, made: Path) -> None:
    """Puts the new cluster in place of the old one, which is kept under a name with its version."""
    version = (made / UPGRADE_MARKER).read_text().strip()
    if folder.exists():
        folder.rename(first_unused_path(folder.with_name(f"postgres.{version}")))
    made.rename(folder)
    (folder / UPGRADE_MARKER).unlink()


def first_unused_path(path: Path) -> Path:
    names = (path.with_name(f"{path.name}-{number}") for number in range(2, 100))
    return next(each for each in (path, *names) if not each.exists())


def upgrade_if_requested(children: ChildProcesses, postgres: Postgres) -> None:
    """Upgrades a cluster of an older version. Raises SupervisorError if nobody requested the
    upgrade, or if the disk has no space. Leaves a version that the wheel lacks to Postgres.create,
    which refuses it."""
    finish_interrupted_upgrade(postgres)
    version = read_cluster_version(postgres.folder)
    if version is None or version == str(POSTGRES_MAJOR):
        return
    if int(version) not in POSTGRES_WHEEL_FOLDERS:
        return  # Postgres.create refuses it
    if not env("UPGRADE_POSTGRES"):
        raise SupervisorError(
            f"the data in {postgres.folder} were written by PostgreSQL {version}; this Patchbay "
            f"runs PostgreSQL {POSTGRES_MAJOR}. Make a copy of the data folder, then start once "
            "with: make up UPGRADE_POSTGRES=1. It copies the data into a new folder and keeps the "
            "old one."
        )
    ensure_disk_space(postgres.folder)
    print_output_line(
        "", f"Copying the data of PostgreSQL {version} into PostgreSQL {POSTGRES_MAJOR} ..."
    )
    upgrade_cluster(children, postgres, int(version))
    print_output_line(
        "", f"Done. The old data are kept in {postgres.folder.parent}, as postgres.{version}."
    )


def ensure_disk_space(folder: Path) -> None:
    size = sum(path.lstat().st_size for path in folder.rglob("*"))
    free = shutil.disk_usage(folder).free
    if free < 2 * size + MIN_FREE_BYTES:
        raise SupervisorError(
            f"the disk of {folder} has {free // 2**20} MB free; the upgrade of its "
            f"{size // 2**20} MB needs {(2 * size + MIN_FREE_BYTES) // 2**20} MB."
        )


def upgrade_cluster(children: ChildProcesses, postgres: Postgres, version: int) -> None:
    place = (postgres.home, postgres.sockets, postgres.passwords)
    old, new = OldPostgres(*place), NewPostgres(*place)
    old.major = version
    new.create()
    try:
        for engine in (old, new):
            start_cluster(children, engine)
        new.furnish()
        copy_database(children, old, new)
        ensure_identical_tables(old, new)
    finally:
        children.stop(["new", "old"])
    write_private_file(new.folder / UPGRADE_MARKER, f"{version}\n")
    swap_cluster_folders(postgres.folder, new.folder)


def start_cluster(children: ChildProcesses, engine: Postgres) -> None:
    children.start(engine.program())
    refusal = f"PostgreSQL {engine.major} did not start; see above."
    children.until(engine.answers, patience=120, refusal=refusal)


def copy_database(children: ChildProcesses, old: Postgres, new: Postgres) -> None:
    """Copies the database through a file, so that a failure of either program is noticed."""
    dump = upgrade_dump_path(old)
    options = [f"--username={SUPERUSER}", "--no-password", f"--host={old.sockets}"]
    restore = ["--exit-on-error", "--single-transaction", f"--dbname={DATABASE_NAME}", dump]
    steps = (
        ("pg_dump", old, ["--format=custom", f"--file={dump}", DATABASE_NAME]),
        ("pg_restore", new, restore),
    )
    try:
        for name, engine, more in steps:
            command = [new.programs / name, *options, f"--port={engine.port}", *more]
            told = {**POSTGRES_ENVIRONMENT, "PGPASSWORD": old.passwords[SUPERUSER]}
            program = Program(name, command, told, popen=old.home.popen())
            refusal = f"{name} failed; see above. The data are as they were."
            children.run(program, patience=float("inf"), refusal=refusal)
    finally:
        dump.unlink(missing_ok=True)


def ensure_identical_tables(old: Postgres, new: Postgres) -> None:
    if different := [name for name, one, other in compare_tables(old, new) if one != other]:
        raise SupervisorError(
            f"the copy of {', '.join(different)} is not what was copied. The data are as they were."
        )


def compare_tables(old: Postgres, new: Postgres) -> Iterator[tuple[str, object, object]]:
    """Yields each table's name with its checksums before and after, or None if it is missing."""
    contents = [cluster_table_checksums(engine.url(SUPERUSER)) for engine in (old, new)]
    for name in sorted({*contents[0], *contents[1]}):
        yield name, contents[0].get(name), contents[1].get(name)


def cluster_table_checksums(url: str) -> dict[str, tuple]:
    """Returns row count and checksum of each table."""
    with psycopg.connect(url, options="-c timezone=UTC -c extra_float_digits=1") as connection:
        return {
            f"{schema}.{table}": connection.execute(
                TABLE_CONTENT_SQL.format(sql.Identifier(schema, table))
            ).fetchone()
            for schema, table in connection.execute(TABLES_SQL).fetchall()
        }
