"""Finds the integration that a request names by `intg_…` or by its UUID, among the caller's own."""

import re
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from integrations.models import Integration
from organizations.models import Organization
from organizations.web.api.problems import Problem, field_error, invalid_request_problem

PUBLIC_ID_PATTERN = re.compile(r"intg_[0-9a-f]{12}")


def find_integration_by_id(integrations: QuerySet[Integration], named: str) -> Integration | None:
    if PUBLIC_ID_PATTERN.fullmatch(named):
        return integrations.filter(public_id=named).first()
    try:
        return integrations.filter(pk=UUID(named)).first()
    except ValueError:
        return None


def get_integration_or_404(organization: Organization, named: str) -> Integration:
    """Returns the integration. Raises a 404 problem if it does not exist or belongs to another
    organization."""
    integration = find_integration_by_id(prefetch_default_roles(organization.integrations), named)
    if integration is None:
        raise Problem("not-found")
    return integration


def integration_from_body(
    organization: Organization, named: str, place: str = "integration_id"
) -> Integration:
    """Returns the integration. Raises a 400 problem at `place` if it does not exist or belongs to
    another organization."""
    integration = find_integration_by_id(organization.integrations, named)
    if integration is None:
        raise invalid_request_problem(
            field_error(place, _("There is no such integration."), "unknown")
        )
    return integration


def prefetch_default_roles(integrations: QuerySet[Integration]) -> QuerySet[Integration]:
    """Returns the integrations with all relations that their JSON needs."""
    return integrations.prefetch_related("default_for")
