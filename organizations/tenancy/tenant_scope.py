"""The tenant scope: whose rows the database shows to the running code. Row-level security is the
second barrier behind the queries' own filters (docs/decisions/0023).

A process starts with an empty scope. It calls `enter` when it knows the organization that it works
for. Code that must see more uses `global_lookup` or `all_organizations`, for as long as it needs
to. config/postgresql passes the scope to PostgreSQL in the transaction of each statement, and only
for that transaction.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:  # models need a connection when they load, which needs this module
    from organizations.models import Organization

WEB, WORKER = "patchbay_web", "patchbay_worker"  # log in, and see one organization
STAFF = "patchbay_staff"  # sees all; the web assumes it for operators
DISPATCHER = "patchbay_dispatcher"  # sees all; the worker assumes it to select and claim work
FINDER = "patchbay_finder"  # reads of all rows what identifies a caller or a number's holder
UNRESTRICTED = "all"  # STAFF or DISPATCHER, whichever the process may assume
UNRESTRICTED_ROLES = {WEB: STAFF, WORKER: DISPATCHER}


class TenantScope(NamedTuple):
    """A scope. `base` is the role of the process (None: the one that logged in), `role` the assumed
    role (None: `base`), and `organization` a UUID or ""."""

    base: str | None = None
    role: str | None = None
    organization: str = ""


EMPTY_SCOPE = TenantScope()
_current_scope: ContextVar[TenantScope] = ContextVar("sight", default=EMPTY_SCOPE)


def current() -> TenantScope:
    return _current_scope.get()


@contextmanager
def override(sight: TenantScope) -> Iterator[None]:
    """Sets the scope, and afterwards restores the previous one, whatever was entered meanwhile."""
    before = _current_scope.set(sight)
    try:
        yield
    finally:
        _current_scope.reset(before)


def set_role(base: str) -> Token[TenantScope]:
    """Does the same as `for_role` for callers that cannot use a context manager. `reset` undoes
    it."""
    return _current_scope.set(TenantScope(base))


def reset(before: Token[TenantScope]) -> None:
    _current_scope.reset(before)


def for_role(base: str) -> AbstractContextManager[None]:
    """Sets the role of a web request or a worker's task, which sees no rows yet."""
    return override(TenantScope(base))


def enter(organization: "Organization | UUID") -> None:
    """Sets the organization until the request or task ends."""
    _current_scope.set(organization_scope(organization))


def within(organization: "Organization | UUID") -> AbstractContextManager[None]:
    """Sets the organization for a part of the work."""
    return override(organization_scope(organization))


def organization_scope(organization: "Organization | UUID") -> TenantScope:
    id_ = getattr(organization, "pk", organization)
    if not isinstance(id_, UUID):
        raise TypeError(f"An organization is known by its UUID, not by {id_!r}.")
    return TenantScope(current().base, None, str(id_))


def enter_all_organizations() -> None:
    """Lets an operator's request see all organizations until it ends."""
    _current_scope.set(TenantScope(current().base, UNRESTRICTED))


def all_organizations() -> AbstractContextManager[None]:
    """Opens the scope to all organizations, to select and claim work and for commands of
    operators."""
    return override(TenantScope(current().base, UNRESTRICTED))


def global_lookup() -> AbstractContextManager[None]:
    """Opens the scope to all organizations for a lookup that only reads."""
    return override(TenantScope(current().base, FINDER))


def wrap_stream(portions: Iterable[bytes]) -> Iterator[bytes]:
    """Returns a stream that produces each part in the current scope, because another thread may
    read it."""
    return _iterate_in_scope(current(), iter(portions))


def _iterate_in_scope(sight: TenantScope, rest: Iterator[bytes]) -> Iterator[bytes]:
    while True:
        with override(sight):
            portion = next(rest, None)
        if portion is None:
            return
        yield portion
