"""Alice, Bob, Carol and Mallory for tests: made once in a process, then only written again."""

from collections.abc import Callable
from copy import deepcopy

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from organizations.models import Organization
from tests.support import factories
from tests.support.factories import Member

IGNORED_STATEMENTS = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT")


class PersonaCache:
    """What was inserted for each of them, word for word: no test finds more than it would if they
    were made anew, and it finds it in a single exchange with the database."""

    def __init__(self) -> None:
        self.parts: dict[str, tuple[Member, str]] = {}
        with transaction.atomic():
            alice = self.learn(
                "Alice", lambda: factories.create_ready_member("Alice", trunk="Acme Trunk")
            )
            self.learn(
                "Mallory", lambda: factories.create_ready_member("Mallory", trunk="Evil Trunk")
            )
            for name, role in (("Bob", "agent_manager"), ("Carol", "user")):
                self.learn(name, lambda n=name, r=role: create_colleague(n, alice.organization, r))
            transaction.set_rollback(True)

    def learn(self, name: str, make: Callable[[], Member]) -> Member:
        with CaptureQueriesContext(connection) as said:
            member = make()
        deeds = [query["sql"] for query in said if not query["sql"].startswith(IGNORED_STATEMENTS)]
        inserts = [deed for deed in deeds if deed.startswith("INSERT")]
        assert inserts == deeds, f"{name} is more than inserts, which alone are written again"
        self.parts[name] = member, ";".join(inserts)
        return member

    def enter(self, name: str) -> Member:
        member, inserts = self.parts[name]
        with connection.cursor() as cursor:
            cursor.execute(inserts)
        return deepcopy(member)


def create_colleague(name: str, organization: Organization, role: str) -> Member:
    return factories.create_member(name, organization=organization, role=role)
