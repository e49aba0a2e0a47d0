"""/v1/integrations/{id}/numbers and …/available-numbers: what the platform is asked right now."""

import re
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.api import examples
from integrations.api.errors import told
from integrations.api.lookup import in_path
from integrations.api.operations import later
from integrations.api.query_results import result_of
from integrations.api.response_schemas import (
    AccountNumbersShape,
    AvailableNumbersShape,
    LedgerEntryShape,
)
from integrations.ledger import operation_requests
from integrations.ledger.platform_queries import ask_question
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from organizations.access.roles import Permission
from organizations.web.api.problems import Problem, field_error, invalid
from organizations.web.api.query_parameters import (
    Reader,
    choice,
    integer,
    read_query,
    reading,
    text,
)
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, operation

TAGS = ["Integrations"]
ERRORS = ["not-found", "not-connected", "platform-refused"]
LATER = answered("Not answered within ten seconds", examples.OPEN_QUESTION, 202)


@reading(type="string", pattern="^[A-Z]{2}$")
def country(given: str) -> str:
    """Required. ISO 3166: US, GB, DE."""
    if not re.fullmatch("[A-Z]{2}", given):
        raise ValueError(_("Two capital letters are expected, as US or GB."))
    return given


@reading(type="string", pattern="^[0-9]{1,5}$")
def area_code(given: str) -> str:
    """Where the country has such."""
    if not re.fullmatch("[0-9]{1,5}", given):
        raise ValueError(_("One to five digits are expected."))
    return given


@reading(type="string", pattern=r"^[0-9*]{1,16}$")
def contains(given: str) -> str:
    """Digits, with * for any one of them."""
    if not re.fullmatch("[0-9*]{1,16}", given):
        raise ValueError(_("Digits are expected, with * for any one of them."))
    return given


@reading(type="integer", minimum=1, maximum=100, default=30)
def at_most(given: str) -> int:
    """How many numbers to show."""
    return integer(1, 100)(given)


SEARCH: dict[str, Reader] = {
    "country": country,
    "type": choice(["local", "toll_free", "mobile", "national"]),
    "area_code": area_code,
    "contains": contains,
    "locality": text(100),
    "region": text(100),
    "limit": at_most,
}


class AccountNumbersView(OrgView):
    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @operation(
        summary="List the numbers in the account",
        description=(
            "Asks the platform now, so that its numbers can be added here. "
            "`number_id` is set where you have added it."
        ),
        tags=TAGS,
        query={},
        responses={200: AccountNumbersShape, 202: LedgerEntryShape},
        errors=ERRORS,
        examples=[answered("Discovered", examples.DISCOVERED), LATER],
    )
    def get(self, request: HttpRequest, integration_id: str) -> Reply:
        read_query(request.GET, {})
        integration = in_path(request.organization, integration_id)
        return answer_to(request, integration, Operation.Wish.DISCOVER)


class AvailableNumbersView(OrgView):
    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @operation(
        summary="Search numbers for sale",
        description=(
            "A sample of what the platform sells now; nothing is reserved. Numbers that the "
            "organization may not hold (`GET /v1/number-pools`) are left out."
        ),
        tags=TAGS,
        query=SEARCH,
        responses={200: AvailableNumbersShape, 202: LedgerEntryShape},
        errors=ERRORS,
        examples=[answered("Found", examples.AVAILABLE), LATER],
    )
    def get(self, request: HttpRequest, integration_id: str) -> Reply:
        query = read_query(request.GET, SEARCH)
        integration = in_path(request.organization, integration_id)
        if "country" not in query:
            message = _("This parameter is required: two letters, as US or GB.")
            raise invalid(field_error("country", message, "required"))
        refuse_no_shop(integration)
        return answer_to(request, integration, Operation.Wish.SEARCH, query)


def refuse_no_shop(integration: Integration) -> None:
    provider = PROVIDERS.get(integration.kind)
    if not (provider and provider.sells_numbers):
        message = _("%(integration)s sells no numbers.") % {"integration": integration}
        raise invalid(field_error("integration_id", message, "unsupported"))


def answer_to(
    request: HttpRequest,
    integration: Integration,
    wish: str,
    question: dict[str, Any] | None = None,
) -> Reply:
    """200 with the answer, 202 with the operation, or what the platform had against it."""
    with told():
        asked = ask_question(request.principal, integration, wish, question)
    asked = operation_requests.wait(asked.pk)
    if asked.status == Operation.Status.OPEN:
        return later(asked)
    if asked.status != Operation.Status.DONE:
        raise Problem("platform-refused", asked.reason)
    return Reply(result_of(request.organization, asked))
