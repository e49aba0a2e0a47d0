"""Takes the first wall away: the queries' own filters by organization."""

from typing import Any

import pytest
from django.db.models import Lookup
from django.db.models.fields.related_lookups import RelatedExact, RelatedIn

from config.postgresql.base import SessionSettings
from organizations.models import Organization
from organizations.web.api import prepared_queries


def compares_organization(lookup: Lookup) -> bool:
    """Whether it compares the organization that a row belongs to."""
    field = getattr(lookup.lhs, "target", None)
    return getattr(field, "related_model", None) is Organization


def disable_tenant_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the ORM compares with an organization is true of every row; so also in the queries
    that are written once."""
    for lookup in (RelatedExact, RelatedIn):
        monkeypatch.setattr(lookup, "as_sql", skip_organization_lookup(lookup.as_sql))
    written = property(prepared_queries.PreparedQuery.written.func)
    monkeypatch.setattr(prepared_queries.PreparedQuery, "written", written)


def skip_organization_lookup(as_sql: Any) -> Any:
    def always(lookup: Lookup, compiler: Any, connection: Any) -> Any:
        return (
            ("TRUE", []) if compares_organization(lookup) else as_sql(lookup, compiler, connection)
        )

    return always


def disable_row_security(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set in PostgreSQL: the tests' role owns the tables, and sees all rows."""
    monkeypatch.setattr(SessionSettings, "settings", lambda *_sights: [])
