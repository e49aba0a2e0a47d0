"""What a provider is: the values that cross the border, its verbs and its errors.

A provider sees these plain values and never a model. It answers three questions about one object
that Patchbay wants on a platform: what is there (`observe`), what is missing (`plan`), what must go
(`plan_removal`). The worker runs the planned steps one by one and saves what each one brought, so
the same verbs provision, recover after a crash and detect drift.

    ProviderError
    ├── Refused               permanent; the sentence tells a person what to change
    │   ├── CredentialsRefused    the account itself is refused: the integration is paused
    │   └── UnexpectedReply       to a read: not JSON, too long, or not shaped as it should be
    ├── Unavailable           the call did not happen, or did nothing: try again later
    └── OutcomeUnknown        the call may have happened: observe again, never repeat blindly
        └── UnexpectedWriteResponse  the same to a write, which may have been carried out

An attempt that ends with an unexpected reply is repeated a few times only (claims.MAX_FAULTS).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

ExternalIds = dict[str, str]
"""The platform's own ids of one object by name, e.g. {"voip_carrier_sid": "…"}; flat, strings
only."""


def gettext_noop(text: str) -> str:
    """Marks a text that the screens translate when they draw it; here it stays as it is."""
    return text


class ProviderError(Exception):
    """Something a platform, or the way to it, did not grant. `str(error)` is fit for the user."""


class Refused(ProviderError):
    """Permanent: repeating it unchanged cannot help."""


class CredentialsRefused(Refused):
    """The platform does not accept the account's credentials (401, 403 on everything)."""


class Unavailable(ProviderError):
    """Temporary, and nothing was done: network, 408, 425, 429, 5xx. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None):
        super().__init__(message)
        self.retry_after = retry_after


class LocalFailure(Unavailable):
    """Temporary, and the platform has no part in it: our network, our name server, our limits."""


class OutcomeUnknown(ProviderError):
    """A write was sent and its answer was lost: it may have happened, now or a little later."""


class UnexpectedResponse(Refused):
    """A read was answered with something that is not what the platform's API promises."""


class UnexpectedWriteResponse(OutcomeUnknown):
    """A write was answered so: whether it was carried out is unknown."""


def build_unexpected_response(sentence: str, *, reads: bool) -> ProviderError:
    return UnexpectedResponse(sentence) if reads else UnexpectedWriteResponse(sentence)


@dataclass(frozen=True)
class GatewaySpec:
    """One SIP gateway. `address` is an IPv4 address, or a host name when it is outbound only."""

    address: str
    port: int | None = 5060
    netmask: int = 32
    inbound: bool = True
    outbound: bool = True
    protocol: str = "udp"  # udp | tcp | tls | tls/srtp


@dataclass(frozen=True)
class Registration:
    """How the platform registers with the carrier (trunk type `reg`)."""

    username: str
    password: str = field(repr=False)
    realm: str | None = None
    from_user: str | None = None
    from_domain: str | None = None
    public_ip_in_contact: bool = False


@dataclass(frozen=True)
class InboundAuth:
    """The credentials a carrier must show on inbound calls (trunk type `auth`)."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class CarrierSpec:
    """A carrier as it shall be on the platform. `marker` is ours, unique, and finds it again."""

    marker: str  # e.g. "pb-0192f3c4…": carrier's UUID in hex behind "pb-"
    name: str
    trunk_type: str  # static_ip | auth | reg
    gateways: tuple[GatewaySpec, ...]
    registration: Registration | None = None
    inbound_auth: InboundAuth | None = None
    refs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SipSpec:
    """The SIP trunks and the room of one number, on a platform of role `sip`.

    `room_name` plain is the one room of all calls; with a trailing `*` a prefix of rooms that each
    call gets for itself; empty is the platform's own habit. `outbound_trunk_id` names a trunk on
    the platform that is not ours and shall be used as it is.
    """

    inbound: bool = False
    outbound: bool = False
    trunk_name: str = ""  # the number itself, if empty
    server_address: str = ""  # host or IPv4 address, perhaps `:port`; needed for outbound
    username: str = ""
    password: str = field(default="", repr=False)
    room_name: str = ""
    pin: str = field(default="", repr=False)  # 4 to 10 digits
    media_encryption: str = "allow"  # disable | allow | require
    outbound_trunk_id: str = ""


@dataclass(frozen=True)
class NumberSpec:
    """A number as it shall be on one platform: of its carrier, of its SIP trunks (`sip`), or of the
    account that owns it (a supply placement, neither of them).

    A supply account routes calls to `webhook` if there is one; else to the integration's trunk when
    they land on another platform (`lands_elsewhere`), else to its default application, else as
    before we came. `purchase` not None: buy it if the account does not own it, with these extras
    (address_sid, bundle_sid, identity_sid). `release` at removal: give it back to the platform.
    """

    marker: str
    e164: str  # with the plus
    carrier_refs: Mapping[str, str] = field(default_factory=dict)
    application: str | None = None  # overrides the integration's default application
    routed: bool = True  # False: keep the objects, unlink the routing (status `inactive`)
    refs: Mapping[str, str] = field(default_factory=dict)
    sip: SipSpec | None = None
    webhook: str | None = None
    lands_elsewhere: bool = False
    purchase: Mapping[str, str] | None = None
    release: bool = False


Spec = CarrierSpec | NumberSpec


@dataclass(frozen=True)
class SearchQuery:
    """What numbers somebody would like to buy. Empty means any."""

    country: str  # ISO 3166 alpha-2, upper case
    type: str = "local"  # local | toll_free | mobile | national
    area_code: str = ""
    contains: str = ""  # digits, with * for any one of them
    locality: str = ""
    region: str = ""
    limit: int = 30


@dataclass(frozen=True)
class AvailableNumber:
    """A number for sale now: nothing is reserved, somebody else may be faster."""

    number: str  # E.164
    type: str
    country: str
    region: str | None
    locality: str | None
    capabilities: tuple[str, ...]  # of voice, sms, mms, fax
    address_requirement: str  # none | any | local | foreign: what a purchase must bring
    beta: bool = False


@dataclass(frozen=True)
class ObservedState:
    """What is there now: the ids found, and the platform's own rows for `plan` to compare."""

    refs: ExternalIds = field(default_factory=dict)
    state: Any = None

    @property
    def exists(self) -> bool:
        return bool(self.refs)


@dataclass(frozen=True)
class Step:
    """One change on the platform. `run` takes the ids known so far and returns all known after
    it."""

    summary: str  # "add gateway 198.51.100.7:5060 to carrier Acme": shown as drift and in the story
    run: Callable[[ExternalIds], ExternalIds] = field(repr=False)


@dataclass(frozen=True)
class CheckResult:
    """What the credentials open: a sentence for people and facts for the screens (no secrets).

    Of the facts two have names that all platforms share, where they are known: `sip_domain`, and
    `sip_addresses`, what SIP is sent from, as `address:port`s parted by ", ".
    """

    summary: str  # "service provider key of Acme, account Support"
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class InventoryItem:
    """One object found in the platform account."""

    kind: str  # "number" | "carrier"
    name: str  # E.164 for numbers, the platform's name for carriers
    refs: ExternalIds
    ours: bool  # carries a marker of Patchbay
    label: str = ""  # what people call it there
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccountField:
    """One thing to fill in when connecting an account; forms, checks and redaction are drawn from
    it."""

    name: str
    label: str
    help: str = ""
    required: bool = True
    secret: bool = False
    format: str = "text"  # text | url | uuid
    identity: bool = False  # names the account: fixed once connected, so that rows never move


class Provider(ABC):
    """One kind of platform, opened on one account for one attempt.

    `account` holds the values of `fields` by name; absent optional ones are missing or "". `door`
    is the one way to the network (integrations/http/platform_client.py); a provider without network
    ignores it.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str] = ""  # one or two sentences for whoever chooses a platform
    roles: ClassVar[frozenset[str]]  # of {"carrier", "sip", "twilio"}
    fields: ClassVar[tuple[AccountField, ...]]
    base_url_field: ClassVar[str | None] = None  # the field that says where the account lives
    private_refs: ClassVar[frozenset[str]] = frozenset()  # what is remembered, and no platform id
    sells_numbers: ClassVar[bool] = False  # has `search`, and takes a NumberSpec with `purchase`
    max_in_flight: ClassVar[int] = 4  # operations at a time on one account, to begin with
    do_not_call_in_templates: ClassVar[bool] = True  # the class is what pages tell of
    sip_addresses_help: ClassVar[str] = ""  # where people find what it sends SIP from

    def __init__(self, account: Mapping[str, str], door: Any):
        self.account = account
        self.door = door

    @classmethod
    def clean(cls, account: Mapping[str, str]) -> dict[str, list[str]]:
        """Complaints about the account's fields that need no call, by field name."""
        return {}

    @classmethod
    def origins(cls, account: Mapping[str, str]) -> dict[str, str]:
        """The base URLs the door is pinned to, by name; "" is the one of calls that name none."""
        return {"": account.get(cls.base_url_field or "", "")}

    @abstractmethod
    def check(self) -> CheckResult:
        """Prove the credentials with harmless reads; raises CredentialsRefused or Refused."""

    @abstractmethod
    def observe(self, spec: Spec) -> ObservedState:
        """Look for what `spec` describes, first by its refs, then by its marker or natural key."""

    @abstractmethod
    def plan(self, spec: Spec, observed: ObservedState) -> list[Step]:
        """The steps that are missing; empty when everything is as it shall be."""

    @abstractmethod
    def plan_removal(self, spec: Spec, observed: ObservedState) -> list[Step]:
        """The steps that take it away; empty when nothing of it is there."""

    @abstractmethod
    def inventory(self) -> Iterator[InventoryItem]:
        """Everything the account holds that Patchbay could know."""

    def plan_merge(self, spec: Spec, observed: ObservedState) -> list[Step]:
        """The steps that leave one of several equal objects of ours; done only when asked for."""
        return []

    def search(self, query: SearchQuery) -> list[AvailableNumber]:
        """Numbers for sale; a sample, and perhaps none."""
        raise Refused(f"{self.title} sells no numbers.")
