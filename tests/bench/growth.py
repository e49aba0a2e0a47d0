"""`python -m tests.bench.growth`: how the database grows by 1,000 numbers, and by 1,000 changes.

Live rows with their indexes, each table written anew (VACUUM FULL) before it is measured; what
PostgreSQL keeps for changes to come is not in it.
"""

import os
import sys
from collections.abc import Callable, Iterator

from tests.bench.installation import Installation, install

MANY = 1_000
FEW = 40  # numbers on a platform that is spoken to; its figures are scaled to MANY
SIZES = """SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
LEAST = 4  # kB for MANY; what grows by less is not listed


def main() -> int:
    installation = install()
    from organizations.tenancy import tenant_scope

    with tenant_scope.everything():
        for title, scale, step in steps():
            before = sizes(installation)
            step()
            print_growth(title, scale, before, sizes(installation))
    return 0


def sizes(installation: Installation) -> dict[str, int]:
    """Bytes of each table with its indexes."""
    installation.sql("VACUUM FULL")
    return dict(installation.sql(SIZES))


def print_growth(title: str, scale: int, before: dict[str, int], after: dict[str, int]) -> None:
    grown = {name: (size - before.get(name, 0)) * scale // 1024 for name, size in after.items()}
    listed = {name: kilobytes for name, kilobytes in grown.items() if abs(kilobytes) >= LEAST}
    print(f"\n{title}: {sum(listed.values()):,} kB")
    for name, kilobytes in sorted(listed.items(), key=lambda each: -each[1]):
        print(f"  {kilobytes:>7,} kB  {name}", flush=True)


def steps() -> Iterator[tuple[str, int, Callable[[], None]]]:
    """What is done, by how much its figures are scaled, and the doing."""
    from tests.bench import population
    from tests.support import factories

    member = population.settle_in()
    numbers: list = []
    yield f"{MANY:,} numbers added and set up", 1, lambda: numbers.extend(added(member, MANY))
    yield f"{MANY:,} labels changed", 1, lambda: changed(member, numbers, label="Another")
    yield f"{MANY:,} numbers switched off", 1, lambda: changed(member, numbers, status="inactive")
    yield f"{MANY:,} numbers labelled by a bulk change", 1, lambda: labelled(member)
    yield f"{MANY:,} replies kept for an Idempotency-Key", 1, lambda: replied(member)
    yield f"{MANY:,} numbers deleted", 1, lambda: deleted(member, numbers)
    other = factories.person("Bob")
    yield f"{MANY:,} numbers on jambonz", MANY // FEW, lambda: on_jambonz(other)


def added(member, count: int, first: int = 15_551_000_000) -> list:
    from tests.support import factories

    return [factories.number(member.by, f"+{first + n}") for n in range(count)]


def changed(member, numbers: list, **changes) -> None:
    from numbers.inventory.operations import change_number
    from tests.support import factories

    for number in numbers:
        change_number(member.by, number.pk, **changes)
        factories.work_number(number)


def labelled(member) -> None:
    from tests.support.bulk_jobs import done

    done(member, "label", label="By a bulk change")


def replied(member) -> None:
    """As large as the answer to a number's creation."""
    from organizations.models import SavedReply

    same = {"organization": member.organization, "fingerprint": b"x" * 32, "status": 201}
    same |= {"headers": {"Location": "/v1/phone-numbers/" + "x" * 36}, "body": b"x" * 900}
    rows = (SavedReply(key=f"{n:036}", expires_at="2099-01-01T00:00Z", **same) for n in range(MANY))
    SavedReply.objects.bulk_create(rows)


def deleted(member, numbers: list) -> None:
    from numbers.inventory.operations import delete_number
    from tests.support import factories

    for number in numbers:
        delete_number(member.by, number.pk)
        factories.work_number(number)


def on_jambonz(member) -> None:
    from django.conf import settings

    from tests.fakes.jambonz import FakeJambonz
    from tests.support import factories
    from tests.support.platforms import LOOPBACK, connect_jambonz

    settings.ALLOWED_PRIVATE_CIDRS = LOOPBACK
    with FakeJambonz() as fake:
        connect_jambonz(member.by, fake)
        factories.carrier(member.by, is_default=True)
        added(member, FEW, first=15_552_000_000)


if __name__ == "__main__":
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    sys.exit(main())
