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
    represent,
)
from carriers.models import Carrier
from carriers.operations import CannotDo, NoIntegration
from carriers.stored_password import PasswordNeeded
from integrations.api.lookup import in_body
from integrations.models import Integration
from integrations.providers import PROVIDERS
from organizations.access.roles import Permission
from organizations.web.api.etags import etag, require_match
from organizations.web.api.pagination import PAGING, page
from organizations.web.api.problems import Problem, field_error, invalid
from organizations.web.api.query_parameters import choice, read_query
from organizations.web.api.responses import Reply
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import answered, asked, operation

TAGS = ["Carriers"]
FILTERS = {"status": choice(Carrier.Status.values), "trunk_type": choice(Carrier.TrunkType.values)}


class CarriersView(OrgView):
    """The collection."""

    permissions = {"GET": Permission.PHONE_NUMBERS_READ, "POST": Permission.PHONE_NUMBERS_CREATE}

    @operation(
        summary="List carriers",
        description="Newest first. Deleted carriers are listed only with `status=deleted`.",
        tags=TAGS,
        query={**PAGING, **FILTERS},
        responses={200: CarrierPageShape},
        examples=[answered("A page", {"data": [examples.ANSWER], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, {**PAGING, **FILTERS})
        rows = whole(request.organization.carriers).filter(
            **{n: query[n] for n in FILTERS if n in query}
        )
        if "status" not in query:
            rows = rows.exclude(status=Carrier.Status.DELETED)
        return Reply(page(rows, query, represent))

    @operation(
        summary="Add custom carrier",
        description="Stored at once as `pending`; the platform follows within seconds.",
        tags=TAGS,
        request=CarrierWriteSerializer,
        responses={201: CarrierShape},
        etag=True,
        examples=[
            asked("Known by its address", examples.REQUEST),
            asked("Registering", examples.REGISTERING),
            asked("Showing credentials on inbound calls", examples.CHALLENGED),
            answered("Added", examples.ANSWER, 201),
        ],
    )
    def post(self, request: HttpRequest) -> Reply:
        wished = taken(CarrierWriteSerializer(data=request.data))
        named = wished.pop("integration_id", None)
        integration = named_integration(request, named) if named else None
        try:
            carrier = operations.add_carrier(request.principal, integration=integration, **wished)
        except NoIntegration as error:
            raise invalid(field_error("integration_id", str(error), "required")) from error
        return reply_with(request, carrier.id, status=201)


class CarrierView(OrgView):
    """One carrier; the path takes its `id`, not its `voip_carrier_sid`."""

    permissions = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "PATCH": Permission.PHONE_NUMBERS_UPDATE,
        "DELETE": Permission.PHONE_NUMBERS_DELETE,
    }

    @operation(
        summary="Get carrier details",
        tags=TAGS,
        responses={200: CarrierShape},
        errors=["not-found"],
        etag=True,
        examples=[answered("Active", {**examples.ANSWER, "status": "active"})],
    )
    def get(self, request: HttpRequest, carrier_id: UUID) -> Reply:
        return reply_with(request, carrier_id)

    @operation(
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
            asked("Rename", {"carrier_name": "My VoIP Provider"}),
            answered("Being changed", examples.ANSWER),
        ],
    )
    def patch(self, request: HttpRequest, carrier_id: UUID) -> Reply:
        if "is_default" in request.data:
            operations.lock_default(request.principal)
        carrier = unchanged(request, carrier_id)
        wished = taken(CarrierChangeSerializer(carrier, data=request.data))
        with told():
            operations.change_carrier(request.principal, carrier, **wished)
        return reply_with(request, carrier_id)

    @operation(
        summary="Delete custom carrier",
        description="Refused while numbers are on it; `errors` names them.",
        tags=TAGS,
        responses={204: None},
        errors=["not-found", "precondition-failed", "carrier-in-use"],
    )
    def delete(self, request: HttpRequest, carrier_id: UUID) -> Reply:
        carrier = unchanged(request, carrier_id, to_delete=True)
        with told():
            operations.delete_carrier(request.principal, carrier)
        return Reply(status=204)


class CarrierRetryView(OrgView):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    @operation(
        summary="Try a carrier again",
        description="A failed carrier is pending again; a waiting one is attempted now.",
        tags=TAGS,
        responses={200: CarrierShape},
        errors=["not-found", "precondition-failed", "not-possible-now"],
        etag=True,
        examples=[answered("Pending again", examples.ANSWER)],
    )
    def post(self, request: HttpRequest, carrier_id: UUID) -> Reply:
        carrier = unchanged(request, carrier_id)
        with told():
            operations.retry_carrier(request.principal, carrier)
        return reply_with(request, carrier_id)


@contextmanager
def told() -> Iterator[None]:
    """What operations refuse, as problems."""
    try:
        yield
    except PasswordNeeded as error:
        place, (text,) = f"{error.credentials}.password", error.messages
        raise invalid(field_error(place, text, "required")) from error
    except CannotDo as error:
        numbers = [field_error("numbers", number, "in_use") for number in error.numbers]
        raise Problem(error.reason, str(error), errors=numbers) from error


def taken(serializer: CarrierWriteSerializer) -> dict[str, Any]:
    """The validated input under the names of carriers.operations."""
    serializer.is_valid(raise_exception=True)
    wished = dict(serializer.validated_data)
    wished.pop("sip_gateways", None)
    if "carrier_name" in wished:
        wished["name"] = wished.pop("carrier_name")
    return wished


def named_integration(request: HttpRequest, named: str) -> Integration:
    """By `intg_…` or UUID; a stranger's is unknown; one that cannot hold carriers is refused."""
    integration = in_body(request.organization, named)
    if "carrier" not in PROVIDERS[integration.kind].roles:
        message = _("%(integration)s holds no carriers.") % {"integration": integration}
        raise invalid(field_error("integration_id", message))
    return integration


def whole(carriers: QuerySet[Carrier]) -> QuerySet[Carrier]:
    return carriers.select_related("integration").prefetch_related("gateways")


def found(request: HttpRequest, carrier_id: UUID) -> Carrier:
    """404 for a stranger's, as for one that never was."""
    carrier = whole(request.organization.carriers).filter(pk=carrier_id).first()
    if carrier is None:
        raise Problem("not-found")
    return carrier


def unchanged(request: HttpRequest, carrier_id: UUID, *, to_delete: bool = False) -> Carrier:
    """Locks the carrier. 404 for a stranger's; 412 where it is not the one the client has seen."""
    carrier = operations.lock_carrier(request.principal, carrier_id, to_delete=to_delete)
    require_match(request, carrier.version)
    return carrier


def reply_with(request: HttpRequest, carrier_id: UUID, *, status: int = 200) -> Reply:
    carrier = found(request, carrier_id)
    headers = {"ETag": etag(carrier.version)}
    if status == 201:
        headers["Location"] = f"/v1/phone-numbers/carriers/{carrier_id}"
    return Reply(represent(carrier), status=status, headers=headers)
