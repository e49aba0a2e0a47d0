"""`python -m tests.bench.growth`: how the database grows by 1,000 numbers, and by 1,000 changes.

Live rows with their indexes, each table written anew (VACUUM FULL) before it is measured; what
PostgreSQL keeps for changes to come is not in it.
"""

import os
import sys
from collections.abc import Callable, Iterator

from tests.bench.installation import Installation, create_installation

NUMBER_COUNT = 1_000
JAMBONZ_NUMBER_COUNT = 40  # numbers on a platform that is spoken to; its figures are scaled to MANY
TABLE_SIZES_SQL = """SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
MIN_SHOWN_KILOBYTES = 4  # kB for MANY; what grows by less is not listed


def main() -> int:
    installation = create_installation()
    from organizations.tenancy import tenant_scope

    with tenant_scope.all_organizations():
        for title, scale, step in iterate_growth_steps():
            before = measure_table_sizes(installation)
            step()
            print_growth(title, scale, before, measure_table_sizes(installation))
    return 0


def measure_table_sizes(installation: Installation) -> dict[str, int]:
    """Bytes of each table with its indexes."""
    installation.sql("VACUUM FULL")
    return dict(installation.sql(TABLE_SIZES_SQL))


def print_growth(title: str, scale: int, before: dict[str, int], after: dict[str, int]) -> None:
    grown = {name: (size - before.get(name, 0)) * scale // 1024 for name, size in after.items()}
    listed = {
        name: kilobytes
        for name, kilobytes in grown.items()
        if abs(kilobytes) >= MIN_SHOWN_KILOBYTES
    }
    print(f"\n{title}: {sum(listed.values()):,} kB")
    for name, kilobytes in sorted(listed.items(), key=lambda each: -each[1]):
        print(f"  {kilobytes:>7,} kB  {name}", flush=True)


def iterate_growth_steps() -> Iterator[tuple[str, int, Callable[[], None]]]:
    """What is done, by how much its figures are scaled, and the doing."""
    from tests.bench import population
    from tests.support import factories

    member = population.create_measured_member()
    numbers: list = []
    yield (
        f"{NUMBER_COUNT:,} numbers added and set up",
        1,
        lambda: numbers.extend(add_numbers(member, NUMBER_COUNT)),
    )
    yield (
        f"{NUMBER_COUNT:,} labels changed",
        1,
        lambda: change_numbers(member, numbers, label="Another"),
    )
    yield (
        f"{NUMBER_COUNT:,} numbers switched off",
        1,
        lambda: change_numbers(member, numbers, status="inactive"),
    )
    yield f"{NUMBER_COUNT:,} numbers labelled by a bulk change", 1, lambda: run_label_job(member)
    yield (
        f"{NUMBER_COUNT:,} replies kept for an Idempotency-Key",
        1,
        lambda: create_saved_responses(member),
    )
    yield f"{NUMBER_COUNT:,} numbers deleted", 1, lambda: delete_numbers(member, numbers)
    other = factories.create_member("Bob")
    yield (
        f"{NUMBER_COUNT:,} numbers on jambonz",
        NUMBER_COUNT // JAMBONZ_NUMBER_COUNT,
        lambda: add_jambonz_numbers(other),
    )


def add_numbers(member, count: int, first: int = 15_551_000_000) -> list:
    from tests.support import factories

    return [factories.create_number(member.by, f"+{first + n}") for n in range(count)]


def change_numbers(member, numbers: list, **changes) -> None:
    from numbers.inventory.operations import change_number
    from tests.support import factories

    for number in numbers:
        change_number(member.by, number.pk, **changes)
        factories.run_number_operations(number)


def run_label_job(member) -> None:
    from tests.support.bulk_jobs import run_bulk_change

    run_bulk_change(member, "label", label="By a bulk change")


def create_saved_responses(member) -> None:
    """As large as the answer to a number's creation."""
    from organizations.models import SavedReply

    same = {"organization": member.organization, "fingerprint": b"x" * 32, "status": 201}
    same |= {"headers": {"Location": "/v1/phone-numbers/" + "x" * 36}, "body": b"x" * 900}
    rows = (
        SavedReply(key=f"{n:036}", expires_at="2099-01-01T00:00Z", **same)
        for n in range(NUMBER_COUNT)
    )
    SavedReply.objects.bulk_create(rows)


def delete_numbers(member, numbers: list) -> None:
    from numbers.inventory.operations import delete_number
    from tests.support import factories

    for number in numbers:
        delete_number(member.by, number.pk)
        factories.run_number_operations(number)


def add_jambonz_numbers(member) -> None:
    from django.conf import settings

    from tests.fakes.jambonz import FakeJambonz
    from tests.support import factories
    from tests.support.platforms import LOOPBACK, connect_jambonz

    settings.ALLOWED_PRIVATE_CIDRS = LOOPBACK
    with FakeJambonz() as fake:
        connect_jambonz(member.by, fake)
        factories.create_carrier(member.by, is_default=True)
        add_numbers(member, JAMBONZ_NUMBER_COUNT, first=15_552_000_000)


if __name__ == "__main__":
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    sys.exit(main())
