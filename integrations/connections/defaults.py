"""Which integration is taken for a role where a request names none: the one place that sets it."""

from integrations.models import DefaultIntegration, Integration
from organizations.access.principals import Principal
from organizations.operations import record_event


def save_default_integration(by: Principal, integration: Integration, role: str) -> None:
    """In the caller's transaction; the role is one that the platform has."""
    DefaultIntegration.objects.update_or_create(
        organization=by.organization, role=role, defaults={"integration": integration}
    )
    record_event(
        by,
        "integration.made_default",
        integration,
        kind="integration",
        label=str(integration),
        after={"role": role},
    )
