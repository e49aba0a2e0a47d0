"""The actions of operators on an integration. Each is one operation."""

from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin import connect
from integrations.admin.connect import ROLE_LABELS
from integrations.ledger import operation_requests
from integrations.ledger.operation_requests import IntegrationInUse
from integrations.models import Integration
from integrations.providers import PROVIDERS
from organizations.access.principals import Principal
from organizations.web.admin.row_actions import RowAction


def check_integration(by: Principal, integration: Integration) -> str:
    """Checks the credentials and returns the result as text. Commits the operation first, so that
    the wait for the platform happens outside any transaction. Raises CheckFailed."""
    with transaction.atomic():
        operation = operation_requests.request_check(by, integration)
    connected, sentence = connect.connection_result_message(
        integration, operation_requests.wait_for_operation(operation.pk)
    )
    if not connected:
        raise CheckFailed(sentence)
    return sentence


class CheckFailed(Exception):
    """Raised when a check did not succeed; the text is the platform's."""


def make_integration_default(role: str, by: Principal, integration: Integration) -> str:
    if not integration.sealed:
        raise ValidationError(
            _("%(integration)s is not connected yet.") % {"integration": integration}
        )
    operation_requests.set_default_integration(by, integration, role=role)
    return _("%(integration)s is the default for %(role)s of %(organization)s now.") % {
        "integration": integration,
        "role": ROLE_LABELS[role],
        "organization": integration.organization,
    }


def can_be_default_integration(role: str, integration: Integration) -> bool:
    able = integration.kind in PROVIDERS and role in PROVIDERS[integration.kind].roles
    return (
        able and bool(integration.sealed) and not integration.default_for.filter(role=role).exists()
    )


def delete_integration(by: Principal, integration: Integration) -> str:
    name = str(integration)
    operation_requests.disconnect_integration(by, integration)
    return _("%(integration)s is gone.") % {"integration": name}


def integration_deletion_impact(integration: Integration) -> str:
    return _("Its stored credentials, its checks and the log of its calls are deleted.")


def default_integration_action(role: str) -> RowAction:
    return RowAction(
        f"default-{role}",
        format_lazy(gettext_lazy("Default for {role}"), role=ROLE_LABELS[role]),
        partial(make_integration_default, role),
        refusals=(ValidationError,),
        possible=partial(can_be_default_integration, role),
        icon="star",
    )


ACTIONS = (
    RowAction(
        "check",
        gettext_lazy("Check now"),
        check_integration,
        refusals=(CheckFailed,),
        possible=lambda row: bool(row.sealed),
        at_once=3,  # each may take ten seconds
        icon="verified",
    ),
    *(default_integration_action(role) for role in ROLE_LABELS),
    RowAction(
        "delete",
        gettext_lazy("Delete"),
        delete_integration,
        refusals=(IntegrationInUse,),
        loses=integration_deletion_impact,
        permission="delete",
        icon="delete",
        leaves=True,
    ),
)
