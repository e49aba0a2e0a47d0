"""What a platform is called to whom: an organization's own by its name, another's by none."""

from django.db.models import Case, F, When
from django.utils.translation import gettext as _

from integrations.models import Integration
from organizations.models import Organization

# As SQL: NULL of another organization's; on the number n and the integration i of a placement.
OWN_NAME_SQL = "CASE WHEN i.organization_id = n.organization_id THEN i.name END"


def own_integration_name(organization: Organization) -> Case:
    """The same of a placement, in a query."""
    return Case(When(integration__organization=organization, then=F("integration__name")))


def integration_name_or_placeholder(own: str | None) -> str:
    return own or _("the installation's platform")


def visible_integration_name(organization: Organization, integration: Integration) -> str:
    return integration_name_or_placeholder(
        integration.name if integration.organization_id == organization.pk else None
    )
