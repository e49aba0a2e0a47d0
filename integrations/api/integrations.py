"""/v1/integrations: kinds, the collection, one integration, and its test."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.api import examples
from integrations.api import operations as ledger
from integrations.api.errors import translate_account_errors, translate_ledger_errors
from integrations.api.response_schemas import (
    CheckedIntegrationShape,
    IntegrationPageShape,
    IntegrationShape,
    KindsShape,
)
from integrations.api.serializers import (
    IntegrationChangeSerializer,
    IntegrationCreateSerializer,
    serialize_integration,
    serialize_integration_kind,
)
from integrations.ledger import operation_requests
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from integrations.web.lookup import get_integration_or_404, prefetch_default_roles
from integrations.web.response_schemas import LedgerEntryShape
from organizations.access.roles import Permission
from organizations.web.api.fields import StrictSerializer
from organizations.web.api.pagination import PAGE_PARAMETERS, paginate_rows
from organizations.web.api.problems import Problem, field_error, invalid_request_problem
from organizations.web.api.query_parameters import choice_parser, parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

TAGS = ["Integrations"]
FILTERS = {"kind": choice_parser(PROVIDERS), "state": choice_parser(Integration.State.values)}
PENDING_EXAMPLE = response_example("Not answered within ten seconds", examples.OPEN_CHECK, 202)


class IntegrationKindsView(OrgView):
    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @document_operation(
        summary="List kinds of integrations",
        description="The platforms, and the fields of an account on each: forms are drawn from it.",
        tags=TAGS,
        query={},
        responses={200: KindsShape},
        examples=[response_example("A platform", {"data": [examples.INTEGRATION_KIND]})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        parse_query(request.GET, {})
        return ApiResponse(
            {"data": [serialize_integration_kind(provider) for provider in PROVIDERS.values()]}
        )


class IntegrationsView(OrgView):
    """The collection."""

    permissions = {"GET": Permission.INTEGRATIONS_READ, "POST": Permission.INTEGRATIONS_CREATE}

    @document_operation(
        summary="List integrations",
        description="Newest first.",
        tags=TAGS,
        query={**PAGE_PARAMETERS, **FILTERS},
        responses={200: IntegrationPageShape},
        examples=[
            response_example("A page", {"data": [examples.INTEGRATION], "next_cursor": None})
        ],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, {**PAGE_PARAMETERS, **FILTERS})
        wanted = {name: query[name] for name in FILTERS if name in query}
        rows = prefetch_default_roles(request.organization.integrations).filter(**wanted)
        return ApiResponse(paginate_rows(rows, query, serialize_integration))

    @document_operation(
        summary="Connect an account",
        description=(
            "Stored at once; the answer waits up to ten seconds for the platform's word on the "
            "credentials. `state` is `connected`, or `refused` with the reason, or still "
            "`checking`: then `check` is the operation to look at. It becomes a default only where "
            "`default_for` asks for it and the platform has accepted it by then."
        ),
        tags=TAGS,
        request=IntegrationCreateSerializer,
        responses={201: CheckedIntegrationShape},
        examples=[
            request_example("With its account", examples.INTEGRATION_REQUEST),
            response_example(
                "Connected", {**examples.INTEGRATION, "check": examples.DONE_CHECK}, 201
            ),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        wished = validate_integration_body(IntegrationCreateSerializer, request.data)
        roles = wished.pop("default_for", [])
        ensure_supported_roles(wished["kind"], roles)
        with translate_account_errors(wished["kind"], wished["account"]):
            made, check = operation_requests.connect_integration(
                request.principal, **wished, only_new=True
            )

        def settled() -> ApiResponse:
            done = operation_requests.wait_for_operation(check.pk)
            if done.status == Operation.Status.DONE:
                for role in roles:
                    operation_requests.set_default_integration(request.principal, made, role=role)
            return integration_check_response(request, made.public_id, done, status=201)

        return integration_check_response(
            request, made.public_id, check, status=201, after_commit=settled
        )


class IntegrationView(OrgView):
    """One of them; the path takes `intg_…` or its UUID."""

    permissions = {
        "GET": Permission.INTEGRATIONS_READ,
        "PATCH": Permission.INTEGRATIONS_UPDATE,
        "DELETE": Permission.INTEGRATIONS_DELETE,
    }

    @document_operation(
        summary="Get integration",
        tags=TAGS,
        responses={200: IntegrationShape},
        errors=["not-found"],
        examples=[response_example("Connected", examples.INTEGRATION)],
    )
    def get(self, request: HttpRequest, integration_id: str) -> ApiResponse:
        return ApiResponse(
            serialize_integration(get_integration_or_404(request.organization, integration_id))
        )

    @document_operation(
        summary="Change integration",
        description=(
            "`name` and `max_in_flight` change at once. Fields of `account` that are left out "
            "stay; but with another address all secrets must be given again. New credentials are "
            "tested first, and the present ones work until then: the answer waits up to ten "
            "seconds; 409 `credentials-refused` says that the present ones stay in use."
        ),
        tags=TAGS,
        request=IntegrationChangeSerializer,
        responses={200: CheckedIntegrationShape, 202: LedgerEntryShape},
        errors=["not-found", "credentials-refused"],
        examples=[
            request_example("New credentials", examples.CREDENTIAL_ROTATION),
            response_example("In use", {**examples.INTEGRATION, "check": examples.DONE_CHECK}),
            PENDING_EXAMPLE,
        ],
    )
    def patch(self, request: HttpRequest, integration_id: str) -> ApiResponse:
        integration = get_integration_or_404(request.organization, integration_id)
        wished = validate_integration_body(IntegrationChangeSerializer, request.data)
        with translate_account_errors(integration.kind, wished.get("account")):
            _changed, check = operation_requests.change_integration(
                request.principal, integration, **wished
            )
        if check is None:
            return integration_check_response(request, integration_id, None)
        return pending_check_response(request, integration_id, check, refusal="credentials-refused")

    @document_operation(
        summary="Delete integration",
        description="With its stored credentials, and refused while carriers or numbers are on it.",
        tags=TAGS,
        responses={204: None},
        errors=["not-found", "integration-in-use"],
    )
    def delete(self, request: HttpRequest, integration_id: str) -> ApiResponse:
        integration = get_integration_or_404(request.organization, integration_id)
        with translate_ledger_errors():
            operation_requests.disconnect_integration(request.principal, integration)
        return ApiResponse(status=204)


class IntegrationTestView(OrgView):
    permissions = {"POST": Permission.INTEGRATIONS_UPDATE}

    @document_operation(
        summary="Test integration",
        description=(
            "Asks the platform whether it still accepts the credentials; waits up to ten seconds. "
            "`check` tells what it said; an account that it refuses is `paused`."
        ),
        tags=TAGS,
        responses={200: CheckedIntegrationShape, 202: LedgerEntryShape},
        errors=["not-found", "not-connected"],
        examples=[
            response_example("Accepted", {**examples.INTEGRATION, "check": examples.DONE_CHECK}),
            PENDING_EXAMPLE,
        ],
    )
    def post(self, request: HttpRequest, integration_id: str) -> ApiResponse:
        validate_integration_body(StrictSerializer, request.data)
        integration = get_integration_or_404(request.organization, integration_id)
        if not (integration.sealed or integration.candidate):
            message = _("It has no credentials to test: the ones it was given were refused.")
            raise Problem("not-connected", message)
        check = operation_requests.request_check(request.principal, integration)
        return pending_check_response(request, integration_id, check)


def validate_integration_body(
    serializer_class: type[StrictSerializer], data: Any
) -> dict[str, Any]:
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def ensure_supported_roles(kind: str, roles: Sequence[str]) -> None:
    for place, role in enumerate(roles):
        if role not in PROVIDERS[kind].roles:
            message = _("%(kind)s cannot be the default for %(role)s.")
            words = {"kind": PROVIDERS[kind].title, "role": role}
            raise invalid_request_problem(field_error(f"default_for.{place}", message % words))


def pending_check_response(
    request: HttpRequest, integration_id: str, check: Operation, *, refusal: str = ""
) -> ApiResponse:
    """Returns 202 with the check, which a repeated request gets too. After the commit, the response
    is replaced by the result of the check if it settles in time."""

    def settled() -> ApiResponse:
        done = operation_requests.wait_for_operation(check.pk)
        if done.status == Operation.Status.OPEN:
            return ledger.operation_accepted_response(done)
        if refusal and done.status == Operation.Status.REFUSED:
            raise Problem(refusal, done.reason, errors=[field_error("account", done.reason)])
        return integration_check_response(request, integration_id, done)

    return replace(ledger.operation_accepted_response(check), after_commit=settled)


def integration_check_response(
    request: HttpRequest, integration_id: str, check: Operation | None, *, status: int = 200, **more
) -> ApiResponse:
    """Returns the present integration and the check of its account."""
    integration = get_integration_or_404(request.organization, integration_id)
    data = {
        **serialize_integration(integration),
        "check": check and ledger.serialize_operation(check),
    }
    headers = {"Location": f"/v1/integrations/{integration.public_id}"} if status == 201 else {}
    return ApiResponse(data, status=status, headers=headers, **more)
