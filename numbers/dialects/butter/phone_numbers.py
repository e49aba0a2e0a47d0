"""Butter's /api/phone-numbers."""

import re
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from integrations.ledger.operation_requests import belongs_to_other_organization
from integrations.models import Integration, Operation
from numbers.dialects.butter import examples
from numbers.dialects.butter.base import (
    PAGING,
    ButterView,
    cursor_page,
    not_found_problem,
    success_envelope,
)
from numbers.dialects.butter.operation_errors import translate_operation_errors
from numbers.dialects.butter.schema import (
    butter_read_operation,
    butter_write_operation,
    object_schema,
    page_schema,
)
from numbers.dialects.butter.serializers import (
    BUTTER_NAMES,
    SUMMARY_COLUMNS,
    ChangeSerializer,
    ImportSerializer,
    PhoneNumberShape,
    SummaryShape,
    raise_sip_field_errors,
    serialize_butter_number,
    serialize_number_summary,
)
from numbers.inventory import operations, sip_settings
from numbers.inventory.acquisition import import_number
from numbers.models import PhoneNumber, Placement
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.api.etags import ensure_etag_match, format_etag
from organizations.web.api.fields import ensure_no_complaints, validate_input
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import choice_parser, parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.openapi.operations import request_example, response_example

TAGS = ["Phone numbers"]
PUBLIC_ID_PATTERN = re.compile(r"phon_[a-f0-9]{12,}")
LIST_PARAMETERS = {**PAGING, "status": choice_parser(["free", "assigned"])}
LockedPlacements = list[tuple[Placement, Operation | None]]


class PhoneNumbersView(ButterView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ, "POST": Permission.PHONE_NUMBERS_CREATE}

    @butter_read_operation(
        summary="List phone numbers",
        description="Newest first.",
        tags=TAGS,
        query=LIST_PARAMETERS,
        responses={200: page_schema("PhoneNumbers", SummaryShape)},
        examples=[response_example("A page", examples.NUMBER_LIST)],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, LIST_PARAMETERS)
        rows = undeleted_numbers(request.organization)
        if "status" in query:
            rows = rows.filter(inbound_agent_id__isnull=query["status"] == "free")
        return ApiResponse(
            cursor_page(rows.only(*SUMMARY_COLUMNS), query, serialize_number_summary)
        )

    @butter_write_operation(
        summary="Import phone number",
        description=(
            "Takes in a number that a Twilio account owns, or one that a SIP carrier brings; its "
            "trunks are made automatically. Answered at once: `provisioning_status` is `pending` "
            "until the platform has followed."
        ),
        tags=TAGS,
        request=ImportSerializer,
        responses={
            201: object_schema("ImportedPhoneNumber", PhoneNumberShape, message="How it went.")
        },
        errors=[404],
        examples=[
            request_example("Twilio", examples.TWILIO),
            request_example("SIP", examples.SIP),
            response_example("Imported", examples.IMPORTED, 201),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        wished = validate_input(ImportSerializer, request.data)
        named = wished.pop("integration_id", None)
        integration = find_import_integration(request, named) if named else None
        number, provider = wished.pop("phone_number"), wished["provider"]
        with translate_operation_errors():
            made = import_number(
                request.principal, number=number, integration=integration, **wished
            )
        message = _("Phone number imported successfully with %(provider)s")
        return butter_number_response(made, message % {"provider": provider}, status=201)


class PhoneNumberView(ButterView):
    permissions = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "PUT": Permission.PHONE_NUMBERS_UPDATE,
        "PATCH": Permission.PHONE_NUMBERS_UPDATE,
        "DELETE": Permission.PHONE_NUMBERS_DELETE,
    }

    @butter_read_operation(
        summary="Get phone number",
        tags=TAGS,
        query={},
        responses={200: object_schema("PhoneNumberRead", PhoneNumberShape)},
        errors=[404],
        examples=[response_example("Active", success_envelope(examples.NUMBER_DETAIL))],
    )
    def get(self, request: HttpRequest, number: str) -> ApiResponse:
        parse_query(request.GET, {})
        return butter_number_response(find_number_by_public_id(request, number))

    @butter_write_operation(
        summary="Update phone number",
        description=(
            "What is left out stays, with PUT as with PATCH; an empty SIP field is taken away. "
            "Calls out need `sip_server_address` on a number with SIP trunks of its own."
        ),
        tags=TAGS,
        request=ChangeSerializer,
        responses={
            200: object_schema("UpdatedPhoneNumber", PhoneNumberShape, message="How it went.")
        },
        errors=[404],
        versioned=True,
        examples=[request_example("Inbound only", {"supports_outbound": False})],
    )
    def put(self, request: HttpRequest, number: str) -> ApiResponse:
        row, held = find_and_lock_number(request, number)
        wished = validate_input(ChangeSerializer, request.data)
        settings = wished.pop("sip_settings")
        validate_butter_sip_changes(row, held, settings, wished)
        with translate_operation_errors():
            changed = operations.change_number(
                request.principal, row.pk, sip_settings=settings or None, **wished
            )
        return butter_number_response(changed, _("Phone number updated successfully"))

    patch = put

    @butter_write_operation(
        summary="Delete phone number",
        description="An assigned number must be unassigned first. A Twilio account keeps it.",
        tags=TAGS,
        responses={
            200: object_schema("DeletedPhoneNumber", PhoneNumberShape, message="How it went.")
        },
        errors=[404],
        versioned=True,
    )
    def delete(self, request: HttpRequest, number: str) -> ApiResponse:
        row, _held = find_and_lock_number(request, number)
        if row.inbound_agent_id:
            raise Problem("conflict", _("Phone number is assigned to an agent. Unassign it first."))
        operations.delete_number(request.principal, row.pk)
        row.refresh_from_db()
        return ApiResponse(
            success_envelope(serialize_butter_number(row), _("Phone number deleted successfully"))
        )


def undeleted_numbers(organization: Organization) -> QuerySet[PhoneNumber]:
    return organization.phone_numbers.exclude(status=PhoneNumber.Status.DELETED)


def find_number_by_public_id(request: HttpRequest, number: str) -> PhoneNumber:
    """Returns the number with this `phon_…` id. Raises a 404 problem if it is deleted, invalid or
    another organization's."""
    row = (
        undeleted_numbers(request.organization).filter(public_id=number).first()
        if is_public_id(number)
        else None
    )
    if row is None:
        raise not_found_problem(_("Phone number"))
    return row


def is_public_id(text: str) -> bool:
    return bool(PUBLIC_ID_PATTERN.fullmatch(text))


def find_and_lock_number(request: HttpRequest, number: str) -> tuple[PhoneNumber, LockedPlacements]:
    """Locks the number for a change. Raises a 412 problem if its version is not the one in
    If-Match."""
    row, held = operations.lock_number(
        request.principal, find_number_by_public_id(request, number).pk
    )
    ensure_etag_match(request, row.version)
    return row, held


def find_import_integration(request: HttpRequest, named: str) -> Integration:
    """Returns the integration. Another organization's is a 403, as the vendor's document says;
    everywhere else such rows are 404."""
    integration = request.organization.integrations.filter(public_id=named).first()
    if integration is None and belongs_to_other_organization(request.principal, named):
        raise Problem("forbidden", _("Integration belongs to a different organization"))
    if integration is None:
        raise not_found_problem(_("Integration"))
    return integration


def validate_butter_sip_changes(
    number: PhoneNumber, held: LockedPlacements, settings: dict[str, str], wished: dict[str, Any]
) -> None:
    """Validates the resulting trunk settings, if the request changes them."""
    trunks = operations.own_trunk_placement(number, held)
    if trunks is None:
        text = _("This number has no SIP trunks of its own: leave it out.")
        ensure_no_complaints({BUTTER_NAMES[name]: text for name in settings})
    elif settings or wished.get("supports_outbound"):
        complaints = sip_settings.validate_sip_setting_changes(
            {**trunks.settings, **trunks.secrets()},
            settings,
            outbound=wished.get("supports_outbound", number.supports_outbound),
            outbound_trunk_id=number.outbound_trunk_id,
        )
        raise_sip_field_errors(complaints)


def butter_number_response(
    number: PhoneNumber, message: str = "", *, status: int = 200
) -> ApiResponse:
    headers = {"ETag": format_etag(number.version)}
    if status == 201:
        headers["Location"] = f"/api/phone-numbers/{number.public_id}"
    return ApiResponse(
        success_envelope(serialize_butter_number(number), message), status=status, headers=headers
    )
