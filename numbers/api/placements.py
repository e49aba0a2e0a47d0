"""/v1/phone-numbers/{id}/placements and …/merge-duplicates: a number on its platforms."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from rest_framework import serializers

from numbers.api import examples
from numbers.api.phone_numbers import TAGS, lock_number_if_match, number_response
from numbers.api.serializers import NumberShape
from numbers.inventory import operations
from numbers.inventory.placements import public_external_ids, stored_secret_names
from numbers.models import Placement
from numbers.web.errors import translate_number_errors
from organizations.access.roles import Permission
from organizations.web.api.fields import (
    Boolean,
    Char,
    Choice,
    StrictList,
    StrictSerializer,
    validate_input,
)
from organizations.web.api.query_parameters import parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import document_operation, response_example


def serialize_placement(placement: Placement) -> dict[str, Any]:
    """Returns a placement as JSON. The integration of a shared carrier (the installation's default,
    or a number pool's) belongs to another organization and is not identified."""
    integration = placement.integration
    own = integration.organization_id == placement.organization_id
    return {
        "role": placement.role,
        "integration_id": integration.public_id if own else None,
        "kind": integration.kind if own else None,
        "state": placement.state,
        "refs": public_external_ids(placement) if own else {},
        "settings": placement.settings,
        "secrets_set": stored_secret_names(placement),
        "released": placement.release,
    }


class PlacementShape(StrictSerializer):
    role = Choice(
        Placement.Role.values, help_text="`supply`: who owns it; `voice`: where its calls land."
    )
    integration_id = Char(
        allow_null=True, help_text="null where the carrier is another organization's."
    )
    kind = Char(allow_null=True, help_text="The platform.")
    state = Choice(Placement.State.values)
    refs = serializers.DictField(child=Char(), help_text="The platform's own ids.")
    settings = serializers.DictField(
        child=Char(), help_text="Of the number's own SIP trunks; `sip` of a PATCH changes them."
    )
    secrets_set = StrictList(
        child=Char(),
        allow_null=True,
        help_text="Which of `password` and `pin` are kept; null where the key to them is lost.",
    )
    released = Boolean(help_text="Whether its removal gives the number back.")


class PlacementsShape(StrictSerializer):
    data = PlacementShape(many=True)


class PlacementsView(OrgView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    @document_operation(
        summary="List a phone number's placements",
        description="Where it lives: the account that owns it, the platform its calls land on.",
        tags=TAGS,
        responses={200: PlacementsShape},
        errors=["not-found"],
        examples=[response_example("On a SIP platform", examples.PLACEMENTS)],
    )
    def get(self, request: HttpRequest, number_id: UUID) -> ApiResponse:
        parse_query(request.GET, {})
        number = request.organization.phone_numbers.only("pk").get(pk=number_id)
        placements = number.placements.select_related("integration").order_by("role")
        return ApiResponse({"data": [serialize_placement(placement) for placement in placements]})


class MergeDuplicatesView(OrgView):
    permissions = {"POST": Permission.PHONE_NUMBERS_UPDATE}

    @document_operation(
        summary="Merge a phone number's duplicates",
        description=(
            "Where a platform holds several equal objects of Patchbay's for the number, one stays; "
            "then the number is set up. Only those that carry Patchbay's mark are touched."
        ),
        tags=TAGS,
        responses={200: NumberShape},
        errors=["not-found", "precondition-failed", "not-possible-now", "number-not-assigned"],
        etag=True,
        examples=[response_example("Pending again", examples.PENDING)],
    )
    def post(self, request: HttpRequest, number_id: UUID) -> ApiResponse:
        lock_number_if_match(request, number_id)
        validate_input(StrictSerializer, request.data)
        with translate_number_errors():
            operations.merge_duplicates(request.principal, number_id)
        return number_response(request, number_id)
