"""Checksums of tables: the number of rows, and a sum over the hashes of all rows, which does not
depend on their order."""

from collections.abc import Iterator

import psycopg
from psycopg import sql

# Values as texts must look the same when a backup is made and when it is restored.
UNIFORM_OUTPUT_SETTINGS = """SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, MDY';
SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 1;
SET LOCAL bytea_output = 'hex'; SET LOCAL row_security = off;"""
# Patchbay's own objects, without those of extensions.
OWN_OBJECTS = """FROM pg_catalog.pg_class c WHERE c.relnamespace = 'public'::regnamespace
 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass
                 AND d.objid = c.oid AND d.deptype = 'e')"""
LIST_TABLES = f"SELECT c.relname {OWN_OBJECTS} AND c.relkind IN ('r', 'p') ORDER BY 1"
TABLE_CHECKSUM = sql.SQL(
    "SELECT count(*) || ' ' || coalesce(sum(('x' || encode(substring(sha256(convert_to("
    "each_row::text, 'UTF8')) FOR 8), 'hex'))::bit(64)::bigint), 0) FROM public.{} AS each_row"
)
ASSERT_CHECKSUM = sql.SQL("""DO $check$
DECLARE found text;
BEGIN
  found := ({checksum});
  IF found <> {expected} THEN
    RAISE EXCEPTION 'table % is not as in the backup: %, there %', {table}, found, {expected};
  END IF;
END
$check$;
""")


def list_tables(connection: psycopg.Connection) -> list[str]:
    return [row[0] for row in connection.execute(LIST_TABLES).fetchall()]


def compute_table_checksums(connection: psycopg.Connection) -> Iterator[tuple[str, str]]:
    """Yields each table with `<rows> <sum>`, as the current transaction sees it."""
    connection.execute(UNIFORM_OUTPUT_SETTINGS)
    for table in list_tables(connection):
        statement = TABLE_CHECKSUM.format(sql.Identifier(table))
        yield table, connection.execute(statement).fetchone()[0]


def checksum_assertions(expected: dict[str, str]) -> Iterator[str]:
    """Yields SQL statements that fail unless each table matches `expected`."""
    yield UNIFORM_OUTPUT_SETTINGS + "\n"
    for table, value in expected.items():
        checksum = TABLE_CHECKSUM.format(sql.Identifier(table))
        names = {"table": sql.Literal(table), "expected": sql.Literal(value)}
        yield ASSERT_CHECKSUM.format(checksum=checksum, **names).as_string()
