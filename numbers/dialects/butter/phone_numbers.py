"""/api/phone-numbers as Butter's clients know it."""

import re
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from carriers.api.serializers import refuse
from integrations.ledger.operation_requests import belongs_to_another
from integrations.models import Integration, Operation
from numbers.dialects.butter import examples
from numbers.dialects.butter.base import PAGING, ButterView, enveloped, missing, page
from numbers.dialects.butter.operation_errors import told
from numbers.dialects.butter.schema import changing, many, one, reading
from numbers.dialects.butter.serializers import (
    OURS_TO_BUTTERS,
    SUMMARY,
    ChangeSerializer,
    ImportSerializer,
    PhoneNumberShape,
    SummaryShape,
    refuse_sip,
    represent,
    represent_summary,
)
from numbers.inventory import operations, sip_settings
from numbers.inventory.acquisition import import_number
from numbers.models import PhoneNumber, Placement
from organizations.access.roles import Permission
from organizations.api.serializers import taken
from organizations.models import Organization
from organizations.web.api.etags import etag, require_match
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import choice, read_query
from organizations.web.api.responses import Reply
from organizations.web.openapi.operations import answered, asked

TAGS = ["Phone numbers"]
ID = re.compile(r"phon_[a-f0-9]{12,}")
QUERY = {**PAGING, "status": choice(["free", "assigned"])}
Held = list[tuple[Placement, Operation | None]]


class PhoneNumbersView(ButterView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ, "POST": Permission.PHONE_NUMBERS_CREATE}

    @reading(
        summary="List phone numbers",
        description="Newest first.",
        tags=TAGS,
        query=QUERY,
        responses={200: many("PhoneNumbers", SummaryShape)},
        examples=[answered("A page", examples.LISTED)],
    )
    def get(self, request: HttpRequest) -> Reply:
        query = read_query(request.GET, QUERY)
        rows = living(request.organization)
        if "status" in query:
            rows = rows.filter(inbound_agent_id__isnull=query["status"] == "free")
        return Reply(page(rows.only(*SUMMARY), query, represent_summary))

    @changing(
        summary="Import phone number",
        description=(
            "Takes in a number that a Twilio account owns, or one that a SIP carrier brings; its "
            "trunks are made automatically. Answered at once: `provisioning_status` is `pending` "
            "until the platform has followed."
        ),
        tags=TAGS,
        request=ImportSerializer,
        responses={201: one("ImportedPhoneNumber", PhoneNumberShape, message="How it went.")},
        errors=[404],
        examples=[
            asked("Twilio", examples.TWILIO),
            asked("SIP", examples.SIP),
            answered("Imported", examples.IMPORTED, 201),
        ],
    )
    def post(self, request: HttpRequest) -> Reply:
        wished = taken(ImportSerializer, request.data)
        named = wished.pop("integration_id", None)
        integration = found_integration(request, named) if named else None
        number, provider = wished.pop("phone_number"), wished["provider"]
        with told():
            made = import_number(
                request.principal, number=number, integration=integration, **wished
            )
        message = _("Phone number imported successfully with %(provider)s")
        return reply_with(made, message % {"provider": provider}, status=201)


class PhoneNumberView(ButterView):
    permissions = {
        "GET": Permission.PHONE_NUMBERS_READ,
        "PUT": Permission.PHONE_NUMBERS_UPDATE,
        "PATCH": Permission.PHONE_NUMBERS_UPDATE,
        "DELETE": Permission.PHONE_NUMBERS_DELETE,
    }

    @reading(
        summary="Get phone number",
        tags=TAGS,
        query={},
        responses={200: one("PhoneNumberRead", PhoneNumberShape)},
        errors=[404],
        examples=[answered("Active", enveloped(examples.READ))],
    )
    def get(self, request: HttpRequest, number: str) -> Reply:
        read_query(request.GET, {})
        return reply_with(found(request, number))

    @changing(
        summary="Update phone number",
        description=(
            "What is left out stays, with PUT as with PATCH; an empty SIP field is taken away. "
            "Calls out need `sip_server_address` on a number with SIP trunks of its own."
        ),
        tags=TAGS,
        request=ChangeSerializer,
        responses={200: one("UpdatedPhoneNumber", PhoneNumberShape, message="How it went.")},
        errors=[404],
        versioned=True,
        examples=[asked("Inbound only", {"supports_outbound": False})],
    )
    def put(self, request: HttpRequest, number: str) -> Reply:
        row, held = locked(request, number)
        wished = taken(ChangeSerializer, request.data)
        settings = wished.pop("sip_settings")
        refuse_settings(row, held, settings, wished)
        with told():
            changed = operations.change_number(
                request.principal, row.pk, sip_settings=settings or None, **wished
            )
        return reply_with(changed, _("Phone number updated successfully"))

    patch = put

    @changing(
        summary="Delete phone number",
        description="An assigned number must be unassigned first. A Twilio account keeps it.",
        tags=TAGS,
        responses={200: one("DeletedPhoneNumber", PhoneNumberShape, message="How it went.")},
        errors=[404],
        versioned=True,
    )
    def delete(self, request: HttpRequest, number: str) -> Reply:
        row, _held = locked(request, number)
        if row.inbound_agent_id:
            raise Problem("conflict", _("Phone number is assigned to an agent. Unassign it first."))
        operations.delete_number(request.principal, row.pk)
        row.refresh_from_db()
        return Reply(enveloped(represent(row), _("Phone number deleted successfully")))


def living(organization: Organization) -> QuerySet[PhoneNumber]:
    return organization.phone_numbers.exclude(status=PhoneNumber.Status.DELETED)


def found(request: HttpRequest, number: str) -> PhoneNumber:
    """By `phon_…`; 404 for a stranger's, a deleted one, and whatever is no id."""
    row = living(request.organization).filter(public_id=number).first() if is_id(number) else None
    if row is None:
        raise missing(_("Phone number"))
    return row


def is_id(text: str) -> bool:
    return bool(ID.fullmatch(text))


def locked(request: HttpRequest, number: str) -> tuple[PhoneNumber, Held]:
    """For a change: 412 where it is not the number that the client has seen."""
    row, held = operations.locked(request.principal, found(request, number).pk)
    require_match(request, row.version)
    return row, held


def found_integration(request: HttpRequest, named: str) -> Integration:
    """A stranger's is 403, as seed 003 says: the one place where a stranger's row is not 404."""
    integration = request.organization.integrations.filter(public_id=named).first()
    if integration is None and belongs_to_another(request.principal, named):
        raise Problem("forbidden", _("Integration belongs to a different organization"))
    if integration is None:
        raise missing(_("Integration"))
    return integration


def refuse_settings(
    number: PhoneNumber, held: Held, settings: dict[str, str], wished: dict[str, Any]
) -> None:
    """The trunks as they would be, where the request touches them."""
    trunks = operations.own_trunks(number, held)
    if trunks is None:
        text = _("This number has no SIP trunks of its own: leave it out.")
        refuse({OURS_TO_BUTTERS[name]: text for name in settings})
    elif settings or wished.get("supports_outbound"):
        complaints = sip_settings.change_complaints(
            {**trunks.settings, **trunks.secrets()},
            settings,
            outbound=wished.get("supports_outbound", number.supports_outbound),
            outbound_trunk_id=number.outbound_trunk_id,
        )
        refuse_sip(complaints)


def reply_with(number: PhoneNumber, message: str = "", *, status: int = 200) -> Reply:
    headers = {"ETag": etag(number.version)}
    if status == 201:
        headers["Location"] = f"/api/phone-numbers/{number.public_id}"
    return Reply(enveloped(represent(number), message), status=status, headers=headers)
