"""Whose rows the database shows to the code that runs now: row-level security, the second wall
behind the queries' own filters (docs/decisions/0023).

A process begins with the sight of nothing. It `enter`s an organization when it knows for whom it
works. What must look further says so, for as long as it does: `finding`, `everything`.
config/postgresql tells PostgreSQL, in the transaction of each statement and for no longer.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:  # models need a connection when they are read, and that needs this module
    from organizations.models import Organization

WEB, WORKER = "patchbay_web", "patchbay_worker"  # connect, and see one organization
STAFF = "patchbay_staff"  # sees all: the web becomes it for operators
DISPATCHER = "patchbay_dispatcher"  # sees all: the worker becomes it to choose and claim work
FINDER = "patchbay_finder"  # reads of all what it takes to know who asks, and who holds a number
ALL = "all"  # STAFF or DISPATCHER, whichever the process may become
ALL_OF = {WEB: STAFF, WORKER: DISPATCHER}


class Sight(NamedTuple):
    """`base` is the role of the process (None: the one it has connected as), `role` what it is for
    now (None: the same), and `organization` a UUID, or nothing."""

    base: str | None = None
    role: str | None = None
    organization: str = ""


NOWHERE = Sight()
_current: ContextVar[Sight] = ContextVar("sight", default=NOWHERE)


def current() -> Sight:
    return _current.get()


@contextmanager
def limited(sight: Sight) -> Iterator[None]:
    """`sight`, and whatever is entered meanwhile; afterwards what it was before."""
    before = _current.set(sight)
    try:
        yield
    finally:
        _current.reset(before)


def begin(base: str) -> Token[Sight]:
    """What `process` does, for who can do without a context manager; `end` ends it."""
    return _current.set(Sight(base))


def end(before: Token[Sight]) -> None:
    _current.reset(before)


def process(base: str) -> AbstractContextManager[None]:
    """A request of the web or a task of the worker, which sees nothing yet."""
    return limited(Sight(base))


def enter(organization: "Organization | UUID") -> None:
    """From now on, until the request or the task ends."""
    _current.set(of(organization))


def within(organization: "Organization | UUID") -> AbstractContextManager[None]:
    """One organization, for a part of the work."""
    return limited(of(organization))


def of(organization: "Organization | UUID") -> Sight:
    id_ = getattr(organization, "pk", organization)
    if not isinstance(id_, UUID):
        raise TypeError(f"An organization is known by its UUID, not by {id_!r}.")
    return Sight(current().base, None, str(id_))


def enter_everything() -> None:
    """An operator's request, until it ends."""
    _current.set(Sight(current().base, ALL))


def everything() -> AbstractContextManager[None]:
    """All organizations: to choose and claim work, and for commands of whoever runs the place."""
    return limited(Sight(current().base, ALL))


def finding() -> AbstractContextManager[None]:
    """All organizations, for a search that reads and changes nothing."""
    return limited(Sight(current().base, FINDER))


def kept(portions: Iterable[bytes]) -> Iterator[bytes]:
    """Makes each portion of a streamed answer in the sight of now; another thread may ask for
    it."""
    return _portions(current(), iter(portions))


def _portions(sight: Sight, rest: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        with limited(sight):
            portion = next(rest, None)
        if portion is None:
            return
        yield portion
