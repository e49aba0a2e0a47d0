"""/v1/phone-numbers/carriers: carriers and their gateways."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from carriers import operations
from carriers.api import examples
from carriers.api.serializers import (
    CarrierChangeSerializer,
    CarrierPageShape,
    CarrierShape,
    CarrierWriteSerializer,
    serialize_carrier,
)
from carriers.models import Carrier
from carriers.operations import CarrierActionNotAllowed, NoCarrierIntegration
from carriers.stored_password import PasswordRequired
from integrations.models import Integration
from integrations.providers import PROVIDERS
from integrations.web.lookup import integration_from_body
from organizations.access.roles import Permission
from organizations.web.api.etags import ensure_etag_match, format_etag
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

TAGS = ["Carriers"]
FILTERS = {
    "status": choice_parser(Carrier.Status.values),
    "trunk_type": choice_parser(Carrier.TrunkType.values),
}


class CarriersView(OrgView):
    """The collection."""

    permissions = {"GET": Permission.PHONE_NUMBERS_READ, "POST": Permission.PHONE_NUMBERS_CREATE}

    @document_operation(
        summary="List carriers",
        description="Newest first. Deleted carriers are listed only with `status=deleted`.",
        tags=TAGS,
        query={**PAGE_PARAMETERS, **FILTERS},
        responses={200: CarrierPageShape},
        examples=[
            response_example("A page", {"data": [examples.CARRIER_RESPONSE], "next_cursor": None})
        ],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, {**PAGE_PARAMETERS, **FILTERS})
        rows = prefetch_carrier_relations(request.organization.carriers).filter(
            **{n: query[n] for n in FILTERS if n in query}
        )
        if "status" not in query:
            rows = rows.exclude(status=Carrier.Status.DELETED)
        return ApiResponse(paginate_rows(rows, query, serialize_carrier))

    @document_operation(
        summary="Add custom carrier",
        description="Stored at once as `pending`; the platform follows within seconds.",
        tags=TAGS,
        request=CarrierWriteSerializer,
        responses={201: CarrierShape},
        etag=True,
        examples=[
            request_example("Known by its address", examples.STATIC_IP_REQUEST),
            request_example("Registering", examples.REGISTRATION_REQUEST),
            request_example("Showing credentials on inbound calls", examples.DIGEST_AUTH_REQUEST),
            response_example("Added", examples.CARRIER_RESPONSE, 201),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        wished = parse_carrier_input(CarrierWriteSerializer(data=request.data))
        named = wished.pop("integration_id", None)
        integration = resolve_carrier_integration(request, named) if named else None
        try:
            carrier = operations.add_carrier(request.principal, integration=integration, **wished)
        except NoCarrierIntegration as error:
            raise invalid_request_problem(
                field_error("integration_id", str(error), "required")
            ) from error
        return carrier_response(request, carrier.id, status=201)


class CarrierView(OrgView):
    """One carrier; the path takes its `id`, not its `voip_carrier_sid`."""

    permissions = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "PATCH": Permission.PHONE_NUMBERS_UPDATE,
        "DELETE": Permission.PHONE_NUMBERS_DELETE,
    }

    @document_operation(
        summary="Get carrier details",
        tags=TAGS,
        responses={200: CarrierShape},
        errors=["not-found"],
        etag=True,
        examples=[response_example("Active", {**examples.CARRIER_RESPONSE, "status": "active"})],
    )
    def get(self, request: HttpRequest, carrier_id: UUID) -> ApiResponse:
        return carrier_response(request, carrier_id)

    @document_operation(
        summary="Change carrier",
        description=(
            "What is left out stays. Gateways and credentials are replaced as a whole; "
            "a new trunk type brings its own credentials. A stored password does not follow to "
            "another address: gateways that send calls elsewhere need it again. "
            "The carrier is `pending` until the platform has it."
        ),
        tags=TAGS,
        request=CarrierChangeSerializer,
        responses={200: CarrierShape},
        errors=["not-found", "precondition-failed", "not-possible-now"],
        etag=True,
        examples=[
            request_example("Rename", {"carrier_name": "My VoIP Provider"}),
            response_example("Being changed", examples.CARRIER_RESPONSE),
        ],
    )
    def patch(self, request: HttpRequest, carrier_id: UUID) -> ApiResponse:
        if "is_default" in request.data:
            operations.lock_default_carrier(request.principal)
        carrier = lock_carrier_if_match(request, carrier_id)
        wished = parse_carrier_input(CarrierChangeSerializer(carrier, data=request.data))
        with translate_carrier_errors():
            operations.change_carrier(request.principal, carrier, **wished)
        return carrier_response(request, carrier_id)

    @document_operation(
        summary="Delete custom carrier",
        description="Refused while numbers are on it; `errors` names them.",
        tags=TAGS,
        responses={204: None},
        errors=["not-found", "precondition-failed", "carrier-in-use"],
    )
    def delete(self, request: HttpRequest, carrier_id: UUID) -> ApiResponse:
        carrier = lock_carrier_if_match(request, carrier_id, to_delete=True)
        with translate_carrier_errors():
            operations.delete_carrier(request.principal, carrier)
        return ApiResponse(status=204)


class CarrierRetryView(OrgView):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    @document_operation(
        summary="Try a carrier again",
        description="A failed carrier is pending again; a waiting one is attempted now.",
        tags=TAGS,
        responses={200: CarrierShape},
        errors=["not-found", "precondition-failed", "not-possible-now"],
        etag=True,
        examples=[response_example("Pending again", examples.CARRIER_RESPONSE)],
    )
    def post(self, request: HttpRequest, carrier_id: UUID) -> ApiResponse:
        carrier = lock_carrier_if_match(request, carrier_id)
        with translate_carrier_errors():
            operations.retry_carrier(request.principal, carrier)
        return carrier_response(request, carrier_id)


@contextmanager
def translate_carrier_errors() -> Iterator[None]:
    """Translates the errors of operations into problems."""
    try:
        yield
    except PasswordRequired as error:
        place, (text,) = f"{error.credentials}.password", error.messages
        raise invalid_request_problem(field_error(place, text, "required")) from error
    except CarrierActionNotAllowed as error:
        numbers = [field_error("numbers", number, "in_use") for number in error.numbers]
        raise Problem(error.reason, str(error), errors=numbers) from error


def parse_carrier_input(serializer: CarrierWriteSerializer) -> dict[str, Any]:
    """Returns the validated input under the parameter names of carriers.operations."""
    serializer.is_valid(raise_exception=True)
    wished = dict(serializer.validated_data)
    wished.pop("sip_gateways", None)
    if "carrier_name" in wished:
        wished["name"] = wished.pop("carrier_name")
    return wished


def resolve_carrier_integration(request: HttpRequest, named: str) -> Integration:
    """Returns the integration with this `intg_…` id or UUID. Raises a problem if it is unknown,
    belongs to another organization or does not support carriers."""
    integration = integration_from_body(request.organization, named)
    if "carrier" not in PROVIDERS[integration.kind].roles:
        message = _("%(integration)s holds no carriers.") % {"integration": integration}
        raise invalid_request_problem(field_error("integration_id", message))
    return integration


def prefetch_carrier_relations(carriers: QuerySet[Carrier]) -> QuerySet[Carrier]:
    return carriers.select_related("integration").prefetch_related("gateways")


def get_carrier_or_404(request: HttpRequest, carrier_id: UUID) -> Carrier:
    """Returns the carrier. Raises a 404 problem if it does not exist or belongs to another
    organization."""
    carrier = (
        prefetch_carrier_relations(request.organization.carriers).filter(pk=carrier_id).first()
    )
    if carrier is None:
        raise Problem("not-found")
    return carrier


def lock_carrier_if_match(
    request: HttpRequest, carrier_id: UUID, *, to_delete: bool = False
) -> Carrier:
    """Locks the carrier. Raises a 404 problem if it is not the organization's, and a 412 problem if
    its version is not the one in If-Match."""
    carrier = operations.lock_carrier(request.principal, carrier_id, to_delete=to_delete)
    ensure_etag_match(request, carrier.version)
    return carrier


def carrier_response(request: HttpRequest, carrier_id: UUID, *, status: int = 200) -> ApiResponse:
    carrier = get_carrier_or_404(request, carrier_id)
    headers = {"ETag": format_etag(carrier.version)}
    if status == 201:
        headers["Location"] = f"/v1/phone-numbers/carriers/{carrier_id}"
    return ApiResponse(serialize_carrier(carrier), status=status, headers=headers)
