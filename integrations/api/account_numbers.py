"""/v1/integrations/{id}/numbers and …/available-numbers: live queries of the platform."""

import re
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.api import examples
from integrations.api.errors import translate_ledger_errors
from integrations.api.operations import operation_accepted_response
from integrations.api.response_schemas import AccountNumbersShape, AvailableNumbersShape
from integrations.ledger import operation_requests
from integrations.ledger.platform_queries import request_query
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from integrations.web.lookup import get_integration_or_404
from integrations.web.query_results import serialize_query_result
from integrations.web.response_schemas import LedgerEntryShape
from organizations.access.roles import Permission
from organizations.web.api.problems import Problem, field_error, invalid_request_problem
from organizations.web.api.query_parameters import (
    ParameterParser,
    choice_parser,
    integer_parser,
    parameter_schema,
    parse_query,
    text_parser,
)
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import document_operation, response_example

TAGS = ["Integrations"]
ERRORS = ["not-found", "not-connected", "platform-refused"]
PENDING_EXAMPLE = response_example("Not answered within ten seconds", examples.OPEN_QUERY, 202)


@parameter_schema(type="string", pattern="^[A-Z]{2}$")
def parse_country_code(given: str) -> str:
    """Required. ISO 3166: US, GB, DE."""
    if not re.fullmatch("[A-Z]{2}", given):
        raise ValueError(_("Two capital letters are expected, as US or GB."))
    return given


@parameter_schema(type="string", pattern="^[0-9]{1,5}$")
def parse_area_code(given: str) -> str:
    """Where the country has such."""
    if not re.fullmatch("[0-9]{1,5}", given):
        raise ValueError(_("One to five digits are expected."))
    return given


@parameter_schema(type="string", pattern=r"^[0-9*]{1,16}$")
def parse_number_pattern(given: str) -> str:
    """Digits, with * for any one of them."""
    if not re.fullmatch("[0-9*]{1,16}", given):
        raise ValueError(_("Digits are expected, with * for any one of them."))
    return given


@parameter_schema(type="integer", minimum=1, maximum=100, default=30)
def parse_result_limit(given: str) -> int:
    """How many numbers to show."""
    return integer_parser(1, 100)(given)


SEARCH_PARAMETERS: dict[str, ParameterParser] = {
    "country": parse_country_code,
    "type": choice_parser(["local", "toll_free", "mobile", "national"]),
    "area_code": parse_area_code,
    "contains": parse_number_pattern,
    "locality": text_parser(100),
    "region": text_parser(100),
    "limit": parse_result_limit,
}


class AccountNumbersView(OrgView):
    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @document_operation(
        summary="List the numbers in the account",
        description=(
            "Asks the platform now, so that its numbers can be added here. "
            "`number_id` is set where you have added it."
        ),
        tags=TAGS,
        query={},
        responses={200: AccountNumbersShape, 202: LedgerEntryShape},
        errors=ERRORS,
        examples=[response_example("Discovered", examples.ACCOUNT_NUMBERS), PENDING_EXAMPLE],
    )
    def get(self, request: HttpRequest, integration_id: str) -> ApiResponse:
        parse_query(request.GET, {})
        integration = get_integration_or_404(request.organization, integration_id)
        return query_platform(request, integration, Operation.Wish.DISCOVER)


class AvailableNumbersView(OrgView):
    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @document_operation(
        summary="Search numbers for sale",
        description=(
            "A sample of what the platform sells now; nothing is reserved. Numbers that the "
            "organization may not hold (`GET /v1/number-pools`) are left out."
        ),
        tags=TAGS,
        query=SEARCH_PARAMETERS,
        responses={200: AvailableNumbersShape, 202: LedgerEntryShape},
        errors=ERRORS,
        examples=[response_example("Found", examples.AVAILABLE_NUMBERS), PENDING_EXAMPLE],
    )
    def get(self, request: HttpRequest, integration_id: str) -> ApiResponse:
        query = parse_query(request.GET, SEARCH_PARAMETERS)
        integration = get_integration_or_404(request.organization, integration_id)
        if "country" not in query:
            message = _("This parameter is required: two letters, as US or GB.")
            raise invalid_request_problem(field_error("country", message, "required"))
        ensure_platform_sells_numbers(integration)
        return query_platform(request, integration, Operation.Wish.SEARCH, query)


def ensure_platform_sells_numbers(integration: Integration) -> None:
    provider = PROVIDERS.get(integration.kind)
    if not (provider and provider.sells_numbers):
        message = _("%(integration)s sells no numbers.") % {"integration": integration}
        raise invalid_request_problem(field_error("integration_id", message, "unsupported"))


def query_platform(
    request: HttpRequest,
    integration: Integration,
    wish: str,
    question: dict[str, Any] | None = None,
) -> ApiResponse:
    """Returns 200 with the result, or 202 with the operation if it is still open. Raises Problem
    with the platform's reason if the query was refused."""
    with translate_ledger_errors():
        asked = request_query(request.principal, integration, wish, question)
    asked = operation_requests.wait_for_operation(asked.pk)
    if asked.status == Operation.Status.OPEN:
        return operation_accepted_response(asked)
    if asked.status != Operation.Status.DONE:
        raise Problem("platform-refused", asked.reason)
    return ApiResponse(serialize_query_result(request.organization, asked))
