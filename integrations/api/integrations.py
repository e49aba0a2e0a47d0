"""/v1/integrations: kinds, the collection, one of them, and its test."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.api import examples
from integrations.api import operations as ledger
from integrations.api.errors import account_told, told
from integrations.api.lookup import in_path, whole
from integrations.api.response_schemas import (
    CheckedIntegrationShape,
    IntegrationPageShape,
    IntegrationShape,
    KindsShape,
    LedgerEntryShape,
)
from integrations.api.serializers import (
    IntegrationChangeSerializer,
    IntegrationCreateSerializer,
    represent,
    represent_kind,
)
from integrations.ledger import operation_requests
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from organizations.access.roles import Permission
from organizations.web.api.fields import StrictSerializer
from organizations.web.api.pagination import PAGING, page
from organizations.web.api.problems import Problem, field_error, invalid
from organizations.web.api.query_parameters import choice, read_query
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, asked, operation

TAGS = ["Integrations"]
FILTERS = {"kind": choice(PROVIDERS), "state": choice(Integration.State.values)}
LATER = answered("Not answered within ten seconds", examples.OPEN_CHECK, 202)


class KindsView(OrgView):
    permissions = {"GET": Permission.INTEGRATIONS_READ}

    @operation(
        summary="List kinds of integrations",
        description="The platforms, and the fields of an account on each: forms are drawn from it.",
        tags=TAGS,
        query={},
        responses={200: KindsShape},
        examples=[answered("A platform", {"data": [examples.KIND]})],
    )
    def get(self, request: HttpRequest) -> Reply:
        read_query(request.GET, {})
        return Reply({"data": [represent_kind(provider) for provider in PROVIDERS.values()]})


class IntegrationsView(OrgView):
    """The collection."""

    permissions = {"GET": Permission.INTEGRATIONS_READ, "POST": Permission.INTEGRATIONS_CREATE}

    @operation(
        summary="List integrations",
        description="Newest first.",
        tags=TAGS,
        query={**PAGING, **FILTERS},
        responses={200: IntegrationPageShape},
        examples=[answered("A page", {"data": [examples.ANSWER], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, {**PAGING, **FILTERS})
        wanted = {name: query[name] for name in FILTERS if name in query}
        rows = whole(request.organization.integrations).filter(**wanted)
        return Reply(page(rows, query, represent))

    @operation(
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
            asked("With its account", examples.REQUEST),
            answered("Connected", {**examples.ANSWER, "check": examples.DONE_CHECK}, 201),
        ],
    )
    def post(self, request: HttpRequest) -> Reply:
        wished = taken(IntegrationCreateSerializer, request.data)
        roles = wished.pop("default_for", [])
        refuse_roles(wished["kind"], roles)
        with account_told(wished["kind"], wished["account"]):
            made, check = operation_requests.connect(request.principal, **wished, only_new=True)

        def settled() -> Reply:
            done = operation_requests.wait(check.pk)
            if done.status == Operation.Status.DONE:
                for role in roles:
                    operation_requests.make_default(request.principal, made, role=role)
            return shown(request, made.public_id, done, status=201)

        return shown(request, made.public_id, check, status=201, after_commit=settled)


class IntegrationView(OrgView):
    """One of them; the path takes `intg_…` or its UUID."""

    permissions = {
        "GET": Permission.INTEGRATIONS_READ,
        "PATCH": Permission.INTEGRATIONS_UPDATE,
        "DELETE": Permission.INTEGRATIONS_DELETE,
    }

    @operation(
        summary="Get integration",
        tags=TAGS,
        responses={200: IntegrationShape},
        errors=["not-found"],
        examples=[answered("Connected", examples.ANSWER)],
    )
    def get(self, request: HttpRequest, integration_id: str) -> Reply:
        return Reply(represent(in_path(request.organization, integration_id)))

    @operation(
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
            asked("New credentials", examples.ROTATION),
            answered("In use", {**examples.ANSWER, "check": examples.DONE_CHECK}),
            LATER,
        ],
    )
    def patch(self, request: HttpRequest, integration_id: str) -> Reply:
        integration = in_path(request.organization, integration_id)
        wished = taken(IntegrationChangeSerializer, request.data)
        with account_told(integration.kind, wished.get("account")):
            _changed, check = operation_requests.change_integration(
                request.principal, integration, **wished
            )
        if check is None:
            return shown(request, integration_id, None)
        return awaited(request, integration_id, check, refusal="credentials-refused")

    @operation(
        summary="Delete integration",
        description="With its stored credentials, and refused while carriers or numbers are on it.",
        tags=TAGS,
        responses={204: None},
        errors=["not-found", "integration-in-use"],
    )
    def delete(self, request: HttpRequest, integration_id: str) -> Reply:
        integration = in_path(request.organization, integration_id)
        with told():
            operation_requests.disconnect(request.principal, integration)
        return Reply(status=204)


class IntegrationTestView(OrgView):
    permissions = {"POST": Permission.INTEGRATIONS_UPDATE}

    @operation(
        summary="Test integration",
        description=(
            "Asks the platform whether it still accepts the credentials; waits up to ten seconds. "
            "`check` tells what it said; an account that it refuses is `paused`."
        ),
        tags=TAGS,
        responses={200: CheckedIntegrationShape, 202: LedgerEntryShape},
        errors=["not-found", "not-connected"],
        examples=[
            answered("Accepted", {**examples.ANSWER, "check": examples.DONE_CHECK}),
            LATER,
        ],
    )
    def post(self, request: HttpRequest, integration_id: str) -> Reply:
        taken(StrictSerializer, request.data)
        integration = in_path(request.organization, integration_id)
        if not (integration.sealed or integration.candidate):
            message = _("It has no credentials to test: the ones it was given were refused.")
            raise Problem("not-connected", message)
        check = operation_requests.ask_check(request.principal, integration)
        return awaited(request, integration_id, check)


def taken(serializer_class: type[StrictSerializer], data: Any) -> dict[str, Any]:
    serializer = serializer_class(data=data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def refuse_roles(kind: str, roles: Sequence[str]) -> None:
    for place, role in enumerate(roles):
        if role not in PROVIDERS[kind].roles:
            message = _("%(kind)s cannot be the default for %(role)s.")
            words = {"kind": PROVIDERS[kind].title, "role": role}
            raise invalid(field_error(f"default_for.{place}", message % words))


def awaited(
    request: HttpRequest, integration_id: str, check: Operation, *, refusal: str = ""
) -> Reply:
    """202 with the check, which a repeated request gets too; sent is what came of it in time."""

    def settled() -> Reply:
        done = operation_requests.wait(check.pk)
        if done.status == Operation.Status.OPEN:
            return ledger.later(done)
        if refusal and done.status == Operation.Status.REFUSED:
            raise Problem(refusal, done.reason, errors=[field_error("account", done.reason)])
        return shown(request, integration_id, done)

    return replace(ledger.later(check), after_commit=settled)


def shown(
    request: HttpRequest, integration_id: str, check: Operation | None, *, status: int = 200, **more
) -> Reply:
    """The integration as it is now, and the check of its account."""
    integration = in_path(request.organization, integration_id)
    data = {**represent(integration), "check": check and ledger.represent(check)}
    headers = {"Location": f"/v1/integrations/{integration.public_id}"} if status == 201 else {}
    return Reply(data, status=status, headers=headers, **more)
