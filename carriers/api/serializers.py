"""Serializers and JSON representation of carriers. Secrets are accepted but never returned."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from carriers import validation
from carriers.models import Carrier, SipGateway
from organizations.web.api.fields import (
    Boolean,
    Char,
    Choice,
    Integer,
    OptionalChar,
    OptionalId,
    Secret,
    StrictList,
    StrictSerializer,
    Uuid,
    ensure_no_complaints,
)

MAX_GATEWAYS = 50


class SipGatewaySerializer(StrictSerializer):
    ipv4 = Char(
        max_length=128, help_text="IPv4 address; a host name only where `inbound` is false."
    )
    port = Integer(default=5060, min_value=1, max_value=65535)
    netmask = Integer(default=32, min_value=1, max_value=32)
    inbound = Boolean(default=True)
    outbound = Boolean(default=True)
    protocol = Choice(SipGateway.Protocol.choices, default="udp")

    def validate(self, attrs: dict) -> dict:
        ensure_no_complaints(validation.gateway_errors(attrs))
        return attrs


class AliasedSerializer(StrictSerializer):
    """Takes the names of the jambonz columns as well; the same thing twice is refused."""

    aliases: dict[str, str] = {}
    unsupported: dict[str, str] = {}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        ensure_no_complaints(
            {name: text for name, text in self.unsupported.items() if name in data}
        )
        doubled = [name for name, plain in self.aliases.items() if name in data and plain in data]
        ensure_no_complaints(
            {
                name: _("The same as %(name)s: send one of them.") % {"name": self.aliases[name]}
                for name in doubled
            }
        )
        return super().to_internal_value(
            {self.aliases.get(name, name): value for name, value in data.items()}
        )


REGISTRATION_TLS_UNSUPPORTED = (
    "Not supported: jambonz has no such setting for registrations. Use a gateway with protocol tls."
)


class RegistrationSerializer(AliasedSerializer):
    aliases = {
        "sip_realm": "realm",
        "register_username": "username",
        "register_password": "password",
        "register_sip_realm": "realm",
        "register_from_user": "from_user",
        "register_from_domain": "from_domain",
        "register_public_ip_in_contact": "public_ip_in_contact",
    }
    unsupported = {
        "use_tls": REGISTRATION_TLS_UNSUPPORTED,
        "register_use_tls": REGISTRATION_TLS_UNSUPPORTED,
    }

    username = Char(max_length=64)
    password = Secret(max_length=64, write_only=True)
    realm = OptionalChar(
        max_length=64,
        help_text="Domain to register with; the gateway's address by default.",
    )
    from_user = OptionalChar(max_length=128)
    from_domain = OptionalChar(max_length=255)
    public_ip_in_contact = Boolean(default=False)

    def validate(self, attrs: dict) -> dict:
        ensure_no_complaints(validation.registration_errors(attrs))
        return attrs


class InboundAuthSerializer(AliasedSerializer):
    aliases = {"inbound_auth_username": "username", "inbound_auth_password": "password"}

    username = Char(max_length=64)
    password = Secret(max_length=64, write_only=True)

    def validate(self, attrs: dict) -> dict:
        ensure_no_complaints(validation.credential_errors(attrs))
        return attrs


class CarrierWriteSerializer(StrictSerializer):
    """Create. `sip_gateway` or `sip_gateways`, never both."""

    carrier_name = Char(min_length=1, max_length=100)
    trunk_type = Choice(Carrier.TrunkType.choices, default="static_ip")
    sip_gateway = SipGatewaySerializer(required=False)
    sip_gateways = StrictList(
        child=SipGatewaySerializer(), required=False, min_length=1, max_length=MAX_GATEWAYS
    )
    registration = RegistrationSerializer(required=False, allow_null=True)
    inbound_auth = InboundAuthSerializer(required=False, allow_null=True)
    integration_id = OptionalId(
        max_length=36,
        help_text="`intg_…` or its UUID; the default integration for carriers if left out.",
    )
    is_default = Boolean(required=False, help_text="Numbers that name no carrier go on this one.")

    def validate(self, attrs: dict) -> dict:
        gateways = requested_gateways(attrs)
        if gateways is None and self.instance is None:
            ensure_no_complaints({"sip_gateway": _("This field is required.")}, code="required")
        ensure_no_complaints(
            validation.trunk_errors(self.trunk_type_of(attrs), **self.credentials_of(attrs))
        )
        if gateways is not None:
            self.refuse_gateways(attrs, gateways)
            attrs["gateways"] = gateways
        return attrs

    def trunk_type_of(self, attrs: dict) -> str:
        return attrs.get("trunk_type") or self.instance.trunk_type

    def credentials_of(self, attrs: dict) -> dict[str, Any]:
        """Returns the credentials as they will be after the change. A new trunk type needs its own;
        otherwise credentials that are not given stay."""
        stays = (
            self.instance
            if self.instance and self.trunk_type_of(attrs) == self.instance.trunk_type
            else None
        )
        return {
            name: attrs[name] if name in attrs else getattr(stays, name, None)
            for name in ("registration", "inbound_auth")
        }

    def refuse_gateways(self, attrs: dict, gateways: list[dict]) -> None:
        found = validation.gateway_list_errors(gateways, self.trunk_type_of(attrs))
        if found and "sip_gateways" in attrs:
            ensure_no_complaints({"sip_gateways": found})
        ensure_no_complaints({"sip_gateway": "".join(found.values())} if found else {})


class CarrierChangeSerializer(CarrierWriteSerializer):
    """Change: what is left out stays; gateways and credentials are replaced as a whole.

    Not `partial`: that would reach into the gateways and take their defaults away.
    """

    integration_id = None
    carrier_name = Char(required=False, min_length=1, max_length=100)
    trunk_type = Choice(Carrier.TrunkType.choices, required=False)


def requested_gateways(attrs: dict) -> list[dict] | None:
    one, many = attrs.pop("sip_gateway", None), attrs.get("sip_gateways")
    if one is not None and many is not None:
        ensure_no_complaints({"sip_gateways": _("Send sip_gateway or sip_gateways, not both.")})
    return [dict(one)] if one is not None else many and [dict(gateway) for gateway in many]


def serialize_carrier(carrier: Carrier) -> dict[str, Any]:
    """Returns a carrier as the API shows it. Expects prefetched gateways."""
    gateways = sorted(carrier.gateways.all(), key=lambda gateway: gateway.position)
    return {
        "id": carrier.id,
        "account_id": carrier.organization_id,
        "voip_carrier_sid": carrier.voip_carrier_sid,
        "sip_gateway_sid": gateways[0].id if gateways else None,
        "carrier_name": carrier.name,
        "trunk_type": carrier.trunk_type,
        "status": carrier.status,
        "error_message": carrier.error_message,
        "is_default": carrier.is_default,
        "integration_id": carrier.integration.public_id,
        "sip_gateways": [serialize_gateway(gateway) for gateway in gateways],
        "registration": carrier.registration,
        "inbound_auth": carrier.inbound_auth,
        "created_at": carrier.created_at,
        "updated_at": carrier.updated_at,
    }


def serialize_gateway(gateway: SipGateway) -> dict[str, Any]:
    names = ("ipv4", "port", "netmask", "inbound", "outbound", "protocol")
    return {"sip_gateway_sid": gateway.id, **{name: getattr(gateway, name) for name in names}}


class SipGatewayShape(SipGatewaySerializer):
    """For the schema: a gateway as it is shown."""

    sip_gateway_sid = Uuid()


class CarrierShape(StrictSerializer):
    """For the schema: a carrier as it is shown."""

    id = Uuid(help_text="Carrier record id: what the path takes.")
    account_id = Uuid()
    voip_carrier_sid = Uuid(help_text="What a number names its carrier by.")
    sip_gateway_sid = Uuid(allow_null=True, help_text="The first gateway's.")
    carrier_name = Char()
    trunk_type = Choice(Carrier.TrunkType.choices)
    status = Choice(Carrier.Status.choices)
    error_message = Char(allow_null=True)
    is_default = Boolean()
    integration_id = Char()
    sip_gateways = SipGatewayShape(many=True)
    registration = RegistrationSerializer(allow_null=True)
    inbound_auth = InboundAuthSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CarrierPageShape(StrictSerializer):
    data = CarrierShape(many=True)
    next_cursor = Char(allow_null=True)
