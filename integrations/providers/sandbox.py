"""The sandbox: a built-in platform for newcomers, demos and tests. No call leaves the installation.

The sandbox behaves like a platform: it takes a moment, refuses, is unavailable and loses responses.
Magic numbers request this:

    +15005550001   refused: "the number is not in this account"
    +15005550002   unavailable for two attempts, then works
    +15005550003   created, but the response is lost; the next attempt finds it
    +15005550004   slow: three seconds
    +15005550005   always unavailable

Its objects are stored in the database and found by their marker, as on any platform. The access
code `wrong` is refused, so that this case can be tried too. As a number supplier it owns every
number that is imported, lists a few that nobody has imported yet, and sells whatever is searched
for. As a SIP platform it accepts every trunk whose id has the right format.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import asdict
from uuid import UUID

from django.utils.crypto import salted_hmac

from integrations.models import Integration, SandboxObject
from integrations.providers import sandbox_shop
from integrations.providers.base import (
    AccountField,
    AvailableNumber,
    CarrierSpec,
    CheckResult,
    CredentialsRefused,
    ExternalIds,
    InboundAuth,
    InventoryItem,
    NumberSpec,
    ObservedState,
    OutcomeUnknown,
    Provider,
    Refused,
    Registration,
    SearchQuery,
    SipSpec,
    Spec,
    Step,
    Unavailable,
)
from integrations.providers.base import gettext_noop as _

(
    REFUSED_NUMBER,
    TWICE_UNAVAILABLE_NUMBER,
    LOST_RESPONSE_NUMBER,
    SLOW_NUMBER,
    ALWAYS_UNAVAILABLE_NUMBER,
) = (f"+1500555000{n}" for n in range(1, 6))
SLOW_SECONDS = 3.0


class Sandbox(Provider):
    kind = "sandbox"
    title = "Sandbox"
    about = _(
        "For trying things out: it behaves like a platform, and nothing leaves the installation. "
        "No call will ever arrive."
    )
    roles = frozenset({"carrier", "sip", "twilio"})
    fields = (
        AccountField(
            "access_code",
            _("Access code"),
            help=_("Any text but “wrong”, which is refused as a wrong password would be."),
            required=False,
            secret=True,
        ),
    )
    max_in_flight = 64
    sells_numbers = True

    @property
    def objects(self):
        return SandboxObject.objects.filter(integration_id=self.account["integration_id"])

    @property
    def organization_id(self) -> UUID:
        rows = Integration.objects.filter(pk=self.account["integration_id"])
        return rows.values_list("organization_id", flat=True).get()

    def check(self) -> CheckResult:
        self.sign_in()
        return CheckResult(
            "Sandbox: nothing here is real, no call will ever arrive",
            {"scope": "sandbox", "sip_domain": SIP_DOMAIN, "sip_addresses": SIP_ADDRESSES},
        )

    def sign_in(self) -> None:
        if self.account.get("access_code") == "wrong":
            raise CredentialsRefused("The sandbox does not accept this access code; use any other.")

    def observe(self, spec: Spec) -> ObservedState:
        self.sign_in()
        found = self.objects.filter(kind=sandbox_object_kind(spec), marker=spec.marker).first()
        return ObservedState(sandbox_external_ids(found), found) if found else ObservedState()

    def plan(self, spec: Spec, observed: ObservedState) -> list[Step]:
        wanted = sandbox_object_data(spec)
        if not observed.exists:
            return [
                Step(
                    f"create {describe_sandbox_object(spec)} in the sandbox",
                    lambda refs: self.create(spec),
                )
            ]
        if observed.state.data != wanted:
            return [
                Step(
                    f"change {describe_sandbox_object(spec)} in the sandbox",
                    lambda refs: self.change(spec, refs),
                )
            ]
        return []

    def plan_removal(self, spec: Spec, observed: ObservedState) -> list[Step]:
        if not observed.exists:
            return []
        return [
            Step(
                f"remove {sandbox_object_kind(spec)} {sandbox_object_name(spec)} from the sandbox",
                lambda refs: self.drop(spec),
            )
        ]

    def create(self, spec: Spec) -> ExternalIds:
        if isinstance(spec, NumberSpec):
            self.obey_magic(spec)
            ensure_sandbox_trunk_id(spec)
        made = SandboxObject.objects.create(
            organization_id=self.organization_id,
            integration_id=self.account["integration_id"],
            kind=sandbox_object_kind(spec),
            marker=spec.marker,
            name=sandbox_object_name(spec),
            data=sandbox_object_data(spec),
        )
        if sandbox_object_name(spec) == LOST_RESPONSE_NUMBER:
            raise OutcomeUnknown(
                f"The sandbox lost its answer about {LOST_RESPONSE_NUMBER}; it may have been made."
            )
        return sandbox_external_ids(made)

    def obey_magic(self, spec: NumberSpec) -> None:
        if spec.e164 == REFUSED_NUMBER:
            raise Refused(
                f"The sandbox refuses {REFUSED_NUMBER}: the number is not in this account."
            )
        if spec.e164 == SLOW_NUMBER:
            time.sleep(SLOW_SECONDS)
        if spec.e164 == ALWAYS_UNAVAILABLE_NUMBER or (
            spec.e164 == TWICE_UNAVAILABLE_NUMBER and self.visits(spec) <= 2
        ):
            raise Unavailable(
                f"The sandbox is out for {spec.e164}, as this magic number asks.", retry_after=1
            )

    def visits(self, spec: NumberSpec) -> int:
        """Counts an attempt for this number and returns the number of attempts, including this
        one."""
        row, _ = self.objects.get_or_create(
            kind="visits",
            marker=spec.marker,
            defaults={
                "organization_id": self.organization_id,
                "integration_id": self.account["integration_id"],
                "name": spec.e164,
                "data": {"count": 0},
            },
        )
        row.data["count"] += 1
        row.save(update_fields=["data"])
        return row.data["count"]

    def change(self, spec: Spec, refs: ExternalIds) -> ExternalIds:
        if isinstance(spec, NumberSpec):
            ensure_sandbox_trunk_id(spec)
        found = self.objects.get(kind=sandbox_object_kind(spec), marker=spec.marker)
        found.data, found.name = sandbox_object_data(spec), sandbox_object_name(spec)
        found.save(update_fields=["data", "name"])
        return sandbox_external_ids(found)

    def drop(self, spec: Spec) -> ExternalIds:
        found = self.objects.filter(kind=sandbox_object_kind(spec), marker=spec.marker).first()
        if found and self.objects.filter(kind="number", data__carrier=str(found.sid)).exists():
            raise Refused(f"The sandbox still has numbers on carrier {spec.name}.")
        self.objects.filter(marker=spec.marker).delete()
        return {}

    def inventory(self) -> Iterator[InventoryItem]:
        self.sign_in()
        names = set()
        for found in self.objects.exclude(kind="visits").order_by("name", "-created_at"):
            if found.kind == "carrier" or found.name not in names:
                names.add(found.name)
                yield InventoryItem(
                    found.kind, found.name, sandbox_external_ids(found), True, "", CAPABILITIES
                )
        for number in sandbox_shop.OWNED_NUMBERS:
            if number not in names:
                yield InventoryItem("number", number, {}, False, "Demo number", CAPABILITIES)

    def search(self, query: SearchQuery) -> list[AvailableNumber]:
        self.sign_in()
        taken = set(self.objects.filter(kind="number").values_list("name", flat=True))
        return [n for n in sandbox_shop.search_sandbox_stock(query) if n.number not in taken][
            : query.limit
        ]


SIP_DOMAIN = "sandbox.example"
SIP_ADDRESSES = "192.0.2.10:5060, 192.0.2.11:5060"  # documentation addresses of RFC 5737
CAPABILITIES = ("sms", "voice")


def sandbox_external_ids(found: SandboxObject) -> ExternalIds:
    """Returns the object's ids, in the format of the platforms that the sandbox imitates."""
    refs = {"sid": str(found.sid), **found.data.get("trunks", {})}
    if "webhook" in found.data:  # only a number in a supply placement has this key
        refs |= {"phone_number_sid": f"PN{found.sid.hex}", "capabilities": ",".join(CAPABILITIES)}
        refs["friendly_name"] = found.name
    return refs


def is_supply_spec(spec: NumberSpec) -> bool:
    return spec.sip is None and not spec.carrier_refs


def sandbox_trunk_ids(marker: str, sip: SipSpec, *, routed: bool) -> ExternalIds:
    """Returns the ids of the number's trunks and dispatch rule. An inactive number has no rule."""
    own = {
        "inbound_trunk_id": f"ST_{marker_fingerprint(marker, 'inbound')}" if sip.inbound else "",
        "dispatch_rule_id": f"SDR_{marker_fingerprint(marker, 'rule')}"
        if sip.inbound and routed
        else "",
        "outbound_trunk_id": f"ST_{marker_fingerprint(marker, 'outbound')}" if sip.outbound else "",
    }
    used = {"outbound_trunk_id": sip.outbound_trunk_id} if sip.outbound_trunk_id else {}
    return {name: value for name, value in {**own, **used}.items() if value}


def marker_fingerprint(marker: str, what: str) -> str:
    return salted_hmac(f"sandbox {what}", marker).hexdigest()[:12]


def ensure_sandbox_trunk_id(spec: NumberSpec) -> None:
    trunk = spec.sip.outbound_trunk_id if spec.sip else ""
    if trunk and not re.fullmatch(r"ST_[A-Za-z0-9]+", trunk):
        raise Refused(f"The sandbox has no outbound trunk {trunk}; ids look like ST_4Xo2mZgQsfyQ.")


def sandbox_object_kind(spec: Spec) -> str:
    return "carrier" if isinstance(spec, CarrierSpec) else "number"


def sandbox_object_name(spec: Spec) -> str:
    return spec.name if isinstance(spec, CarrierSpec) else spec.e164


def describe_sandbox_object(spec: Spec) -> str:
    return f"{sandbox_object_kind(spec)} {sandbox_object_name(spec)}"


def sandbox_object_data(spec: Spec) -> dict:
    """Returns what the sandbox stores, and compares to detect drift."""
    if isinstance(spec, NumberSpec):
        return sandbox_number_data(spec)
    return {
        "trunk_type": spec.trunk_type,
        "name": spec.name,
        "gateways": [asdict(gateway) for gateway in dict.fromkeys(spec.gateways)],
        "registration": fingerprint_credentials(spec.registration),
        "inbound_auth": fingerprint_credentials(spec.inbound_auth),
    }


def sandbox_number_data(spec: NumberSpec) -> dict:
    data = {
        "carrier": spec.carrier_refs.get("sid", ""),
        "application": spec.application,
        "routed": spec.routed,
    }
    if spec.sip:
        data["sip"] = fingerprint_credentials(spec.sip)
        data["trunks"] = sandbox_trunk_ids(spec.marker, spec.sip, routed=spec.routed)
    elif is_supply_spec(spec):
        data |= {"webhook": spec.webhook, "lands_elsewhere": spec.lands_elsewhere}
    return data


def fingerprint_credentials(
    credentials: Registration | InboundAuth | SipSpec | None,
) -> dict | None:
    """Returns the credentials with keyed fingerprints in place of secrets, which suffice to detect
    a change."""
    if credentials is None:
        return None
    login = asdict(credentials)
    for name in {"password", "pin"} & login.keys():
        login[name] = login[name] and salted_hmac("sandbox", login[name]).hexdigest()
    return login
