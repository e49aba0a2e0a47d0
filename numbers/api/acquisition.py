"""POST /v1/phone-numbers/import and /v1/phone-numbers/purchases, which add numbers from an
account."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from integrations.models import Integration
from integrations.web.lookup import integration_from_body
from numbers.api import examples
from numbers.api.number_queries import number_rows_by_id
from numbers.api.phone_numbers import TAGS, number_response
from numbers.api.serializers import NumberSettingsSerializer, NumberShape, serialize_number
from numbers.api.trunks import SipSerializer
from numbers.inventory import sip_settings
from numbers.inventory.acquisition import buy_number, import_number, resolve_integration
from numbers.inventory.locks import lock_named_agents
from numbers.inventory.placements import ROLE_BY_PROVIDER
from numbers.inventory.reservation import NumberOutsidePools, NumberTaken
from numbers.models import Placement
from numbers.web.errors import (
    number_not_assigned_problem,
    number_taken_problem,
    translate_number_errors,
)
from numbers.web.fields import E164Number
from organizations.access import quotas
from organizations.access.roles import Permission
from organizations.web.api.fields import (
    Choice,
    OptionalId,
    StrictList,
    StrictSerializer,
    validate_input,
)
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import (
    document_operation,
    request_example,
    response_example,
)

MAX_NUMBERS = 100
REGULATORY_FIELDS = ("address_sid", "bundle_sid", "identity_sid")
FieldErrors = dict[str, Any]  # by field, nested like the request
INTEGRATION_HELP = "`intg_…` or its UUID; the organization's default one if left out."


class ImportedNumberSerializer(NumberSettingsSerializer):
    number = E164Number(trim_whitespace=False, help_text="E.164: plus, country code, number.")
    outbound_trunk_id = OptionalId(
        max_length=100,
        help_text="A trunk on the SIP platform that is used as it is.",
    )
    sip = SipSerializer(required=False, help_text="Of a SIP carrier's numbers only.")


class ImportSerializer(StrictSerializer):
    """The provider is the role that an integration plays: who owns the numbers, or who carries
    them."""

    provider = Choice(list(ROLE_BY_PROVIDER))
    integration_id = OptionalId(max_length=36, help_text=INTEGRATION_HELP)
    voice_integration_id = OptionalId(
        max_length=36,
        help_text="Where the calls of supplied numbers land: an integration with SIP.",
    )
    numbers = StrictList(child=ImportedNumberSerializer(), min_length=1, max_length=MAX_NUMBERS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wrong = find_repeated_numbers([each["number"] for each in attrs["numbers"]])
        is_sip = ROLE_BY_PROVIDER[attrs["provider"]] == Placement.Role.VOICE
        voice = attrs.get("voice_integration_id")
        if is_sip and voice:
            text = _("Only for supplied numbers: send integration_id.")
            raise ValidationError({"voice_integration_id": [text]})
        for index, each in enumerate(attrs["numbers"]):
            has_trunks = is_sip or voice
            if (
                found := sip_setting_errors(each, must_call=is_sip)
                if has_trunks
                else unexpected_trunk_errors(each)
            ):
                wrong[index] = {**wrong.get(index, {}), "sip": found}
        if wrong:
            raise ValidationError({"numbers": wrong})
        return attrs


def find_repeated_numbers(numbers: list[str]) -> dict[int, FieldErrors]:
    first = {number: index for index, number in reversed(list(enumerate(numbers)))}
    words = _("The same number as numbers.%(index)d.")
    return {
        index: {"number": [ErrorDetail(words % {"index": first[number]}, code="repeated")]}
        for index, number in enumerate(numbers)
        if first[number] != index
    }


def sip_setting_errors(number: Mapping[str, Any], *, must_call: bool) -> FieldErrors:
    """Returns the errors of the SIP settings. With `must_call` False the trunks need no outbound
    settings, because a supplied number can make calls through its account."""
    found = sip_settings.validate_sip_settings(
        number.get("sip", {}),
        outbound=must_call and number.get("supports_outbound", True),
        outbound_trunk_id=number.get("outbound_trunk_id"),
    )
    return {name: [text] for name, text in found.items()}


def unexpected_trunk_errors(number: Mapping[str, Any]) -> list[str]:
    given = number.get("sip") or number.get("outbound_trunk_id")
    return [_("Only numbers of a SIP carrier have trunks.")] if given else []


class PurchaseSerializer(NumberSettingsSerializer):
    number = E164Number(trim_whitespace=False, help_text="One that is for sale, in E.164.")
    integration_id = OptionalId(max_length=36, help_text=INTEGRATION_HELP)
    address_sid = OptionalId(
        max_length=34,
        help_text="The account's address, where the number's country asks for one.",
    )
    bundle_sid = OptionalId(max_length=34, help_text="The account's regulatory bundle, likewise.")
    identity_sid = OptionalId(max_length=34, help_text="The account's verified identity, likewise.")


class ImportedShape(StrictSerializer):
    data = NumberShape(many=True)


class ImportView(OrgView):
    permissions = {"POST": Permission.PHONE_NUMBERS_CREATE}

    @document_operation(
        summary="Import phone numbers",
        description=(
            "Takes in 1 to 100 numbers that an account owns (`twilio`) or that a SIP carrier "
            "brings (`sip`): all of them, or none. They are stored at once as `pending`; the "
            "platform follows within seconds. `supports_inbound` and `supports_outbound` are true "
            "if left out; outbound calls over SIP need `sip.server_address`."
        ),
        tags=TAGS,
        request=ImportSerializer,
        responses={201: ImportedShape},
        errors=["number-taken", "number-being-removed", "number-not-assigned"],
        examples=[
            request_example("Two of an account's numbers", examples.IMPORT),
            request_example("One of a SIP carrier", examples.IMPORT_SIP),
            response_example("Imported", {"data": [examples.IMPORTED]}, 201),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        wished = validate_input(ImportSerializer, request.data)
        named = wished.get("integration_id")
        with translate_number_errors(integration_at="integration_id" if named else "provider"):
            integration = resolve_integration(
                request.principal, wished["provider"], find_requested_integration(request, named)
            )
        homes = {"integration": integration, "voice_on": self.voice(request, wished)}
        ids = import_numbers(request, wished["numbers"], provider=wished["provider"], **homes)
        rows = number_rows_by_id(request.organization, ids)
        data = [serialize_number(row) for row in rows]
        return ApiResponse({"data": data}, status=201, headers={"Location": "/v1/phone-numbers"})

    def voice(self, request: HttpRequest, wished: Mapping[str, Any]) -> Integration | None:
        place = "voice_integration_id"
        if not wished.get(place):
            return None
        named = integration_from_body(request.organization, wished[place], place)
        with translate_number_errors(integration_at=place):
            return resolve_integration(request.principal, "sip", named)


def import_numbers(
    request: HttpRequest, numbers: list[dict[str, Any]], **home: str | Integration | None
) -> list[UUID]:
    """Imports the numbers and returns their ids in the same order. Raises one problem for all
    numbers that are taken, or outside the organization's number pools."""
    made, held, outside = {}, [], []
    lock_named_agents(request.principal, *numbers)  # for all numbers, before the first is added
    quotas.ensure_quota(request.organization, "numbers", len(numbers))  # for all as well
    # Sorted by number, so that concurrent requests cannot deadlock.
    for index, each in sorted(enumerate(numbers), key=lambda pair: pair[1]["number"]):
        fields = {name: value for name, value in each.items() if name != "sip"}
        try:
            made[index] = import_number(
                request.principal, sip_settings=each.get("sip"), **home, **fields
            )
        except NumberTaken as error:
            held.append((index, error))
        except NumberOutsidePools as error:
            outside.append((index, error))
    if outside:
        raise number_not_assigned_problem(errors_by_path(outside))
    if held:
        raise number_taken_problem(errors_by_path(held))
    return [made[index].id for index in sorted(made)]


def errors_by_path(refused: list[tuple[int, Any]]) -> list[tuple[str, Any]]:
    return [(f"numbers.{index}.number", error) for index, error in sorted(refused)]


class PurchasesView(OrgView):
    permissions = {"POST": Permission.PHONE_NUMBERS_CREATE}

    @document_operation(
        summary="Buy phone number",
        description=(
            "Stored at once as `pending`; then the account buys it and is charged, unless it owns "
            "it already. Somebody else may be faster: then the number has `failed`, with the "
            "reason. Send an `Idempotency-Key`: a request whose answer was lost can then be "
            "repeated without fear of buying twice."
        ),
        tags=TAGS,
        request=PurchaseSerializer,
        responses={201: NumberShape},
        errors=["number-taken", "number-being-removed", "number-not-assigned"],
        etag=True,
        examples=[
            request_example("A number that a search has found", examples.PURCHASE),
            response_example("Being bought", examples.PURCHASED, 201),
        ],
    )
    def post(self, request: HttpRequest) -> ApiResponse:
        wished = validate_input(PurchaseSerializer, request.data)
        named = find_requested_integration(request, wished.pop("integration_id", None))
        given = {name: wished.pop(name, None) for name in REGULATORY_FIELDS}
        extras = {name: sid for name, sid in given.items() if sid}
        with translate_number_errors():
            number = buy_number(request.principal, integration=named, extras=extras, **wished)
        return number_response(request, number.id, status=201)


def find_requested_integration(request: HttpRequest, named: str | None) -> Integration | None:
    return integration_from_body(request.organization, named) if named is not None else None
