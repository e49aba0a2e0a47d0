"""Translates the errors of operations into problems of /v1."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError

from integrations.ledger.operation_requests import IntegrationInUse
from integrations.ledger.platform_queries import IntegrationUnavailable
from integrations.providers import PROVIDERS
from organizations.access.quotas import QuotaExceeded
from organizations.web.api.problems import Problem, field_error, invalid_request_problem


@contextmanager
def translate_ledger_errors() -> Iterator[None]:
    try:
        yield
    except IntegrationInUse as error:
        raise Problem("integration-in-use", str(error)) from error
    except IntegrationUnavailable as error:
        if isinstance(error.__cause__, QuotaExceeded):
            raise error.__cause__ from None
        raise Problem("not-connected", str(error)) from error


@contextmanager
def translate_account_errors(kind: str, account: Mapping[str, Any] | None) -> Iterator[None]:
    """Translates validation errors. An error in a field of the account is reported at
    `account.<field>`."""
    names = {field.name for field in PROVIDERS[kind].fields} if kind in PROVIDERS else set()
    names |= set(account or {})
    try:
        yield
    except QuotaExceeded:
        raise
    except ValidationError as error:
        raise invalid_request_problem(
            *(
                field_error(f"account.{name}" if name in names and account else name, text)
                for name, texts in error.message_dict.items()
                for text in texts
            )
        ) from error
