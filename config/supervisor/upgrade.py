"""The step from an older major version of PostgreSQL, whose programs the wheel has too.

The old cluster is read and never written to by us. A new one is made beside it, filled by
pg_dump and pg_restore, and compared table by table; then the two change names. Whoever is killed on
the way finds the old cluster in its place, or the new one with a mark that says it is whole.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from config.environment.reader import env
from config.supervisor import Refused
from config.supervisor.children import Children, say
from config.supervisor.files import write_private
from config.supervisor.postgres import DATABASE, ENVIRONMENT, SUPERUSER, Postgres, written_version
from config.supervisor.processes import Program
from config.supervisor.software import INSTALLS, POSTGRES_MAJOR

MARK = "upgraded-from"  # in a new cluster that is whole; holds the old one's version
FREE = 2**28  # bytes that must be left besides what the data take twice
# A row as text is the same in all versions under the same settings.
CONTENT = sql.SQL(
    "SELECT count(*), coalesce(sum(('x' || left(md5(content::text), 15))::bit(60)::bigint), 0)"
    " FROM {} content"
)
TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname NOT LIKE 'pg_toast%' ORDER BY 1, 2
"""


class OldPostgres(Postgres):
    """The cluster as the version that wrote it runs it, on a socket of another name."""

    name = "old"
    port = 5433


class NewPostgres(Postgres):
    """The cluster that is made beside it."""

    name = "new"

    def __init__(self, *place):
        super().__init__(*place)
        self.folder = beside(self.folder)


def beside(folder: Path) -> Path:
    return folder.with_name("postgres.upgraded")


def finish(postgres: Postgres) -> None:
    """What a killed upgrade left whole takes its place; what it left half made goes."""
    made = beside(postgres.folder)
    if (made / MARK).exists():
        exchange(postgres.folder, made)
    shutil.rmtree(made, ignore_errors=True)
    dump_of(postgres).unlink(missing_ok=True)


def dump_of(postgres: Postgres) -> Path:
    return postgres.home.path / "postgres.dump"


def exchange(folder: Path, made: Path) -> None:
    """The new cluster in the old one's place, which is kept under its version's name."""
    version = (made / MARK).read_text().strip()
    if folder.exists():
        folder.rename(unused(folder.with_name(f"postgres.{version}")))
    made.rename(folder)
    (folder / MARK).unlink()


def unused(path: Path) -> Path:
    names = (path.with_name(f"{path.name}-{number}") for number in range(2, 100))
    return next(each for each in (path, *names) if not each.exists())


def upgrade_if_asked(children: Children, postgres: Postgres) -> None:
    """Raises Refused where the data are of a version that is not ours and nobody asked, or that the
    wheel does not have; or where the disk has no room."""
    finish(postgres)
    version = written_version(postgres.folder)
    if version is None or version == str(POSTGRES_MAJOR):
        return
    if int(version) not in INSTALLS:
        return  # Postgres.create refuses it
    if not env("UPGRADE_POSTGRES"):
        raise Refused(
            f"the data in {postgres.folder} were written by PostgreSQL {version}; this Patchbay "
            f"runs PostgreSQL {POSTGRES_MAJOR}. Make a copy of the data folder, then start once "
            "with: make up UPGRADE_POSTGRES=1. It copies the data into a new folder and keeps the "
            "old one."
        )
    require_room(postgres.folder)
    say("", f"Copying the data of PostgreSQL {version} into PostgreSQL {POSTGRES_MAJOR} ...")
    upgrade(children, postgres, int(version))
    say("", f"Done. The old data are kept in {postgres.folder.parent}, as postgres.{version}.")


def require_room(folder: Path) -> None:
    size = sum(path.lstat().st_size for path in folder.rglob("*"))
    free = shutil.disk_usage(folder).free
    if free < 2 * size + FREE:
        raise Refused(
            f"the disk of {folder} has {free // 2**20} MB free; the upgrade of its "
            f"{size // 2**20} MB needs {(2 * size + FREE) // 2**20} MB."
        )


def upgrade(children: Children, postgres: Postgres, version: int) -> None:
    place = (postgres.home, postgres.sockets, postgres.passwords)
    old, new = OldPostgres(*place), NewPostgres(*place)
    old.major = version
    new.create()
    try:
        for engine in (old, new):
            start(children, engine)
        new.furnish()
        copy(children, old, new)
        require_same(old, new)
    finally:
        children.stop(["new", "old"])
    write_private(new.folder / MARK, f"{version}\n")
    exchange(postgres.folder, new.folder)


def start(children: Children, engine: Postgres) -> None:
    children.start(engine.program())
    refusal = f"PostgreSQL {engine.major} did not start; see above."
    children.until(engine.answers, patience=120, refusal=refusal)


def copy(children: Children, old: Postgres, new: Postgres) -> None:
    """By a file, so that the failure of either program is seen."""
    dump = dump_of(old)
    options = [f"--username={SUPERUSER}", "--no-password", f"--host={old.sockets}"]
    restore = ["--exit-on-error", "--single-transaction", f"--dbname={DATABASE}", dump]
    steps = (
        ("pg_dump", old, ["--format=custom", f"--file={dump}", DATABASE]),
        ("pg_restore", new, restore),
    )
    try:
        for name, engine, more in steps:
            command = [new.programs / name, *options, f"--port={engine.port}", *more]
            told = {**ENVIRONMENT, "PGPASSWORD": old.passwords[SUPERUSER]}
            program = Program(name, command, told, popen=old.home.popen())
            refusal = f"{name} failed; see above. The data are as they were."
            children.run(program, patience=float("inf"), refusal=refusal)
    finally:
        dump.unlink(missing_ok=True)


def require_same(old: Postgres, new: Postgres) -> None:
    if different := [name for name, one, other in compared(old, new) if one != other]:
        raise Refused(
            f"the copy of {', '.join(different)} is not what was copied. The data are as they were."
        )


def compared(old: Postgres, new: Postgres) -> Iterator[tuple[str, object, object]]:
    """Each table's name, with what is in it before and after; None where there is none."""
    contents = [contents_of(engine.url(SUPERUSER)) for engine in (old, new)]
    for name in sorted({*contents[0], *contents[1]}):
        yield name, contents[0].get(name), contents[1].get(name)


def contents_of(url: str) -> dict[str, tuple]:
    """Rows and a checksum of each table."""
    with psycopg.connect(url, options="-c timezone=UTC -c extra_float_digits=1") as connection:
        return {
            f"{schema}.{table}": connection.execute(
                CONTENT.format(sql.Identifier(schema, table))
            ).fetchone()
            for schema, table in connection.execute(TABLES).fetchall()
        }
