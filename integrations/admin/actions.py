"""What an operator may do with an integration; each is one operation."""

from functools import partial

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin import connect
from integrations.admin.connect import ROLES
from integrations.ledger import operation_requests
from integrations.ledger.operation_requests import InUse
from integrations.models import Integration
from integrations.providers import PROVIDERS
from organizations.access.principals import Principal
from organizations.web.admin.row_actions import RowAction


def check(by: Principal, integration: Integration) -> str:
    """Asked and committed first: the wait for the platform happens outside any transaction."""
    with transaction.atomic():
        operation = operation_requests.ask_check(by, integration)
    connected, sentence = connect.news(integration, operation_requests.wait(operation.pk))
    if not connected:
        raise NotConnected(sentence)
    return sentence


class NotConnected(Exception):
    """A check that did not end well; the text is the platform's."""


def make_default(role: str, by: Principal, integration: Integration) -> str:
    if not integration.sealed:
        raise ValidationError(
            _("%(integration)s is not connected yet.") % {"integration": integration}
        )
    operation_requests.make_default(by, integration, role=role)
    return _("%(integration)s is the default for %(role)s of %(organization)s now.") % {
        "integration": integration,
        "role": ROLES[role],
        "organization": integration.organization,
    }


def could_be_default(role: str, integration: Integration) -> bool:
    able = integration.kind in PROVIDERS and role in PROVIDERS[integration.kind].roles
    return (
        able and bool(integration.sealed) and not integration.default_for.filter(role=role).exists()
    )


def forget(by: Principal, integration: Integration) -> str:
    name = str(integration)
    operation_requests.disconnect(by, integration)
    return _("%(integration)s is gone.") % {"integration": name}


def lost_with(integration: Integration) -> str:
    return _("Its stored credentials, its checks and the log of its calls are deleted.")


def default_action(role: str) -> RowAction:
    return RowAction(
        f"default-{role}",
        format_lazy(gettext_lazy("Default for {role}"), role=ROLES[role]),
        partial(make_default, role),
        refusals=(ValidationError,),
        possible=partial(could_be_default, role),
        icon="star",
    )


ACTIONS = (
    RowAction(
        "check",
        gettext_lazy("Check now"),
        check,
        refusals=(NotConnected,),
        possible=lambda row: bool(row.sealed),
        at_once=3,  # each may take its ten seconds
        icon="verified",
    ),
    *(default_action(role) for role in ROLES),
    RowAction(
        "delete",
        gettext_lazy("Delete"),
        forget,
        refusals=(InUse,),
        loses=lost_with,
        permission="delete",
        icon="delete",
        leaves=True,
    ),
)
