"""The provider interface: the values that a provider exchanges with the worker, its methods and its
errors.

A provider sees these plain values and never a model. It answers three questions about one object
that Patchbay wants on a platform: what exists (`observe`), what is missing (`plan`), and what must
be removed (`plan_removal`). The worker runs the planned steps one by one and stores the ids that
each one returned, so the same methods provision, recover after a crash and detect drift.

    ProviderError
    ├── Refused               permanent; the sentence tells a person what to change
    │   ├── CredentialsRefused    the account itself is refused: the integration is paused
    │   └── UnexpectedResponse    to a read: not JSON, too long, or not in the documented format
    ├── Unavailable           the call did not happen, or had no effect: try again later
    └── OutcomeUnknown        the call may have happened: observe again, never repeat blindly
        └── UnexpectedWriteResponse  the same to a write, which may have been carried out

An attempt that ends with an unexpected response is repeated a few times only (leases.MAX_FAULTS).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

ExternalIds = dict[str, str]
"""The platform's own ids of one object by name, e.g. {"voip_carrier_sid": "…"}; flat, strings
only."""


def gettext_noop(text: str) -> str:
    """Returns the text unchanged and marks it for translation; the screens translate it when they
    show it."""
    return text


class ProviderError(Exception):
    """An error of a platform or of the connection to it. `str(error)` is fit for the user."""


class Refused(ProviderError):
    """A permanent error: repeating the call unchanged cannot help."""


class CredentialsRefused(Refused):
    """Raised when the platform rejects the account's credentials (401, 403 on everything)."""


class Unavailable(ProviderError):
    """A temporary error of a call that had no effect: network, 408, 425, 429, 5xx. `retry_after` is
    in seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None):
        super().__init__(message)
        self.retry_after = retry_after


class LocalFailure(Unavailable):
    """A temporary error that the platform did not cause: Patchbay's network, name server or
    limits."""


class OutcomeUnknown(ProviderError):
    """Raised when the response to a write was lost. The write may have taken effect, now or a
    little later."""


class UnexpectedResponse(Refused):
    """Raised when the response to a read is not what the platform's API promises."""


class UnexpectedWriteResponse(OutcomeUnknown):
    """Raised when the response to a write is not what the platform's API promises. Whether the
    write took effect is unknown."""


def build_unexpected_response(sentence: str, *, reads: bool) -> ProviderError:
    return UnexpectedResponse(sentence) if reads else UnexpectedWriteResponse(sentence)


@dataclass(frozen=True)
class GatewaySpec:
    """The desired state of one SIP gateway. `address` is an IPv4 address, or a host name if the
    gateway is outbound only."""

    address: str
    port: int | None = 5060
    netmask: int = 32
    inbound: bool = True
    outbound: bool = True
    protocol: str = "udp"  # udp | tcp | tls | tls/srtp


@dataclass(frozen=True)
class Registration:
    """The settings with which the platform registers with the carrier (trunk type `reg`)."""

    username: str
    password: str = field(repr=False)
    realm: str | None = None
    from_user: str | None = None
    from_domain: str | None = None
    public_ip_in_contact: bool = False


@dataclass(frozen=True)
class InboundAuth:
    """The credentials that a carrier must present on inbound calls (trunk type `auth`)."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class CarrierSpec:
    """The desired state of a carrier on the platform. `marker` is a unique key chosen by Patchbay,
    which finds the carrier again."""

    marker: str  # e.g. "pb-0192f3c4…": "pb-" and the carrier's UUID in hex
    name: str
    trunk_type: str  # static_ip | auth | reg
    gateways: tuple[GatewaySpec, ...]
    registration: Registration | None = None
    inbound_auth: InboundAuth | None = None
    refs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SipSpec:
    """The SIP trunks and the room of one number, on a platform of role `sip`.

    A plain `room_name` is one room for all calls. With a trailing `*` it is the prefix of a
    separate room for each call. If it is empty, the platform's default applies. `outbound_trunk_id`
    names a trunk on the platform that Patchbay does not own and must use unchanged.
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
    """The desired state of a number on one platform: on its carrier, with its SIP trunks (`sip`),
    or in the account that owns it (a supply placement, with neither).

    A supply account routes calls to `webhook` if there is one. Otherwise they go to the
    integration's trunk if they arrive on another platform (`lands_elsewhere`), else to its default
    application, else wherever they went before Patchbay changed the routing. If `purchase` is not
    None, the number is bought if the account does not own it, with these extras (address_sid,
    bundle_sid, identity_sid). `release` returns the number to the platform at removal.
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
    """The criteria for numbers to buy. An empty value matches any number."""

    country: str  # ISO 3166 alpha-2, upper case
    type: str = "local"  # local | toll_free | mobile | national
    area_code: str = ""
    contains: str = ""  # digits, with * for any single digit
    locality: str = ""
    region: str = ""
    limit: int = 30


@dataclass(frozen=True)
class AvailableNumber:
    """A number that is for sale now. Nothing is reserved, so another buyer may be faster."""

    number: str  # E.164
    type: str
    country: str
    region: str | None
    locality: str | None
    capabilities: tuple[str, ...]  # of voice, sms, mms, fax
    address_requirement: str  # none | any | local | foreign: what a purchase requires
    beta: bool = False


@dataclass(frozen=True)
class ObservedState:
    """The present state on the platform: the ids found, and the platform's own rows for `plan` to
    compare."""

    refs: ExternalIds = field(default_factory=dict)
    state: Any = None

    @property
    def exists(self) -> bool:
        return bool(self.refs)


@dataclass(frozen=True)
class Step:
    """One change on the platform. `run` takes the ids known so far and returns all ids known
    afterwards."""

    summary: str  # "add gateway 198.51.100.7:5060 to carrier Acme": shown as drift and in history
    run: Callable[[ExternalIds], ExternalIds] = field(repr=False)


@dataclass(frozen=True)
class CheckResult:
    """The result of a check of the credentials: a sentence for people and facts for the screens,
    without secrets.

    Two facts have the same names on all platforms, where they are known: `sip_domain`, and
    `sip_addresses`, the sources of SIP traffic as `address:port` separated by ", ".
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
    label: str = ""  # its name on the platform
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True)
class AccountField:
    """One input for connecting an account. Forms, validation and redaction are derived from it."""

    name: str
    label: str
    help: str = ""
    required: bool = True
    secret: bool = False
    format: str = "text"  # text | url | uuid
    identity: bool = False  # identifies the account: fixed once connected, so that rows never move


class Provider(ABC):
    """One kind of platform, opened on one account for one attempt.

    `account` holds the values of `fields` by name; absent optional ones are missing or "". `door`
    is the HTTP client (integrations/http/platform_client.py), the only access to the network. A
    provider without network ignores it.
    """

    kind: ClassVar[str]
    title: ClassVar[str]
    about: ClassVar[str] = ""  # one or two sentences that help to choose a platform
    roles: ClassVar[frozenset[str]]  # of {"carrier", "sip", "twilio"}
    fields: ClassVar[tuple[AccountField, ...]]
    base_url_field: ClassVar[str | None] = None  # the field with the account's base URL
    private_refs: ClassVar[frozenset[str]] = frozenset()  # stored values that are no platform ids
    sells_numbers: ClassVar[bool] = False  # has `search`, and accepts a NumberSpec with `purchase`
    max_in_flight: ClassVar[int] = 4  # initial number of concurrent operations on one account
    do_not_call_in_templates: ClassVar[bool] = True  # pages show the class itself
    sip_addresses_help: ClassVar[str] = ""  # where people find its SIP source addresses

    def __init__(self, account: Mapping[str, str], door: Any):
        self.account = account
        self.door = door

    @classmethod
    def clean(cls, account: Mapping[str, str]) -> dict[str, list[str]]:
        """Returns the errors in the account's fields that can be found without a call, by field
        name."""
        return {}

    @classmethod
    def origins(cls, account: Mapping[str, str]) -> dict[str, str]:
        """Returns the base URLs that the client may call, by name; "" is the one of calls that name
        none."""
        return {"": account.get(cls.base_url_field or "", "")}

    @abstractmethod
    def check(self) -> CheckResult:
        """Verifies the credentials with harmless reads. Raises CredentialsRefused or Refused."""

    @abstractmethod
    def observe(self, spec: Spec) -> ObservedState:
        """Returns the present state of what `spec` describes, found first by its refs, then by its
        marker or natural key."""

    @abstractmethod
    def plan(self, spec: Spec, observed: ObservedState) -> list[Step]:
        """Returns the missing steps, or an empty list if the platform matches the desired state."""

    @abstractmethod
    def plan_removal(self, spec: Spec, observed: ObservedState) -> list[Step]:
        """Returns the steps that remove the object, or an empty list if nothing of it exists."""

    @abstractmethod
    def inventory(self) -> Iterator[InventoryItem]:
        """Yields everything in the account that Patchbay could manage."""

    def plan_merge(self, spec: Spec, observed: ObservedState) -> list[Step]:
        """Returns the steps that keep only one of several identical objects of Patchbay's. They run
        only on request."""
        return []

    def search(self, query: SearchQuery) -> list[AvailableNumber]:
        """Returns a sample of numbers for sale, perhaps none. Raises Refused if the platform sells
        no numbers."""
        raise Refused(f"{self.title} sells no numbers.")
