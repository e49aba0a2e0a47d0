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
UNRESTRICTED = "all"  # STAFF or DISPATCHER, whichever the process may become
UNRESTRICTED_ROLES = {WEB: STAFF, WORKER: DISPATCHER}


class TenantScope(NamedTuple):
    """`base` is the role of the process (None: the one it has connected as), `role` what it is for
    now (None: the same), and `organization` a UUID, or nothing."""

    base: str | None = None
    role: str | None = None
    organization: str = ""


EMPTY_SCOPE = TenantScope()
_current_scope: ContextVar[TenantScope] = ContextVar("sight", default=EMPTY_SCOPE)


def current() -> TenantScope:
    return _current_scope.get()


@contextmanager
def override(sight: TenantScope) -> Iterator[None]:
    """`sight`, and whatever is entered meanwhile; afterwards what it was before."""
    before = _current_scope.set(sight)
    try:
        yield
    finally:
        _current_scope.reset(before)


def set_role(base: str) -> Token[TenantScope]:
    """What `process` does, for who can do without a context manager; `end` ends it."""
    return _current_scope.set(TenantScope(base))


def reset(before: Token[TenantScope]) -> None:
    _current_scope.reset(before)


def for_role(base: str) -> AbstractContextManager[None]:
    """A request of the web or a task of the worker, which sees nothing yet."""
    return override(TenantScope(base))


def enter(organization: "Organization | UUID") -> None:
    """From now on, until the request or the task ends."""
    _current_scope.set(organization_scope(organization))


def within(organization: "Organization | UUID") -> AbstractContextManager[None]:
    """One organization, for a part of the work."""
    return override(organization_scope(organization))


def organization_scope(organization: "Organization | UUID") -> TenantScope:
    id_ = getattr(organization, "pk", organization)
    if not isinstance(id_, UUID):
        raise TypeError(f"An organization is known by its UUID, not by {id_!r}.")
    return TenantScope(current().base, None, str(id_))


def enter_all_organizations() -> None:
    """An operator's request, until it ends."""
    _current_scope.set(TenantScope(current().base, UNRESTRICTED))


def all_organizations() -> AbstractContextManager[None]:
    """All organizations: to choose and claim work, and for commands of whoever runs the place."""
    return override(TenantScope(current().base, UNRESTRICTED))


def global_lookup() -> AbstractContextManager[None]:
    """All organizations, for a search that reads and changes nothing."""
    return override(TenantScope(current().base, FINDER))


def wrap_stream(portions: Iterable[bytes]) -> Iterator[bytes]:
    """Makes each portion of a streamed answer in the sight of now; another thread may ask for
    it."""
    return _iterate_in_scope(current(), iter(portions))


def _iterate_in_scope(sight: TenantScope, rest: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        with override(sight):
            portion = next(rest, None)
        if portion is None:
            return
        yield portion
