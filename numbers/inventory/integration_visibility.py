"""Visible names of integrations: an organization sees the names of its own integrations only, and a
placeholder for those of other organizations."""

from django.db.models import Case, F, When
from django.utils.translation import gettext as _

from integrations.models import Integration
from organizations.models import Organization

# An SQL expression that is NULL for another organization's integration; n is the number and i the
# integration of a placement.
OWN_NAME_SQL = "CASE WHEN i.organization_id = n.organization_id THEN i.name END"


def own_integration_name(organization: Organization) -> Case:
    """Returns the same expression for a query set of placements."""
    return Case(When(integration__organization=organization, then=F("integration__name")))


def integration_name_or_placeholder(own: str | None) -> str:
    return own or _("the installation's platform")


def visible_integration_name(organization: Organization, integration: Integration) -> str:
    return integration_name_or_placeholder(
        integration.name if integration.organization_id == organization.pk else None
    )
