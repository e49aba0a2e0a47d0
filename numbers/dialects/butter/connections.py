"""Connecting and changing integrations for Butter's clients, with a response after the platform has
responded."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from integrations.ledger import operation_requests as ledger
from integrations.ledger.locks import lock_integration_name
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from organizations.access.principals import Principal
from organizations.access.quotas import QuotaExceeded
from organizations.web.api.exception_mapping import exception_to_problem
from organizations.web.api.problems import Problem, field_error, invalid_request_problem
from organizations.web.api.responses import ApiResponse

ResponseBuilder = Callable[[Operation | None], ApiResponse]


def connect_new_integration(
    by: Principal, *, name: str, credentials: Mapping[str, str]
) -> tuple[Integration, Operation]:
    account = dict(credentials)
    kind = account.pop("provider")
    with translate_credential_errors():
        integration, operation = ledger.connect_integration(
            by, kind=kind, name=name, account=account, only_new=True
        )
    set_initial_defaults(by, integration)
    return integration, operation


def set_initial_defaults(by: Principal, integration: Integration) -> None:
    """Makes the integration the default of every role without one, because Butter's API cannot
    request that. Done before the check, as a platform may respond later than the request waits."""
    taken = set(by.organization.default_integrations.values_list("role", flat=True))
    for role in sorted(PROVIDERS[integration.kind].roles - taken):
        ledger.set_default_integration(by, integration, role=role)


def update_integration(
    by: Principal, integration: Integration, *, name: str = "", credentials: Mapping[str, str] = {}
) -> Operation | None:
    """Changes the integration. Returns the check of new credentials, if one is needed."""
    account = dict(credentials)
    if account.pop("provider", integration.kind) != integration.kind:
        text = _("It is fixed; create an integration with the other provider instead.")
        raise invalid_request_problem(field_error("credentials.provider", text))
    with translate_credential_errors():
        changed = ledger.change_integration(by, integration, name=name or None, account=account)
    return changed[1]


def respond_after_check(
    operation: Operation, answer: ResponseBuilder, undo: Callable[[], None]
) -> ApiResponse:
    """Responds after waiting at most ten seconds for the check. Refused credentials are undone and
    return a 400."""

    def settled() -> ApiResponse:
        asked = ledger.wait_for_operation(operation.pk)
        if asked.status == Operation.Status.REFUSED:
            undo()
            raise invalid_request_problem(field_error("credentials", asked.reason, "refused"))
        return answer(asked)

    return replace(answer(operation), after_commit=settled)


def disconnect_if_unused(by: Principal, integration: Integration) -> None:
    """Disconnects the integration, which then remains only in the audit log, unless a number is on
    it by now."""
    with suppress(ledger.IntegrationInUse):
        ledger.disconnect_integration(by, integration)


@transaction.atomic
def revert_integration_name(
    by: Principal, integration: Integration, *, given: str, former: str
) -> None:
    """Reverts the name that came with refused credentials, unless it was changed again since."""
    lock_integration_name(by.organization.pk, former)
    if given and ledger.lock_own_integration(by, integration).name == given:
        ledger.change_integration(by, integration, name=former)


@contextmanager
def translate_credential_errors() -> Iterator[None]:
    """Reports errors of account fields below `credentials`. A duplicate name is a 409."""
    try:
        yield
    except QuotaExceeded:
        raise
    except ValidationError as error:
        errors = exception_to_problem(error).errors
        if taken := [e["message"] for e in errors if e["code"] == "taken"]:
            raise Problem("conflict", taken[0]) from error
        raise invalid_request_problem(
            *({**e, "path": credentials_path(e["path"])} for e in errors)
        ) from error


def credentials_path(path: str) -> str:
    return path if path in ("", "name") else f"credentials.{path}"
