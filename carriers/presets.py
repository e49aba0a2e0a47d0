"""Presets of well-known carriers: the settings that are the same for all of their customers.

Every address has its source, a page of the carrier's own where there is one, and the day it was
looked up. What has no source is left out; the carrier's console or support provides it. Addresses
change, so a preset only fills in a form, which users check before they save it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

LAST_VERIFIED = date(2026, 11, 21)


@dataclass(frozen=True)
class PresetAddress:
    """An address that calls come from, or a host that calls are sent to."""

    address: str
    region: Any
    netmask: int = 32


@dataclass(frozen=True)
class CarrierPreset:
    """A preset. `hosts` are where calls are sent; `host_hint` shows the format if each customer has
    their own host. `steps` are the instructions for the carrier's console."""

    key: str
    name: str
    trunk_type: str
    summary: Any
    url: str
    signalling: tuple[PresetAddress, ...] = ()
    hosts: tuple[PresetAddress, ...] = ()
    host_hint: str = ""
    realm_hint: str = ""
    port: int = 5060
    protocol: str = "udp"
    steps: tuple[Any, ...] = ()
    note: Any = ""
    looked_up: date = LAST_VERIFIED

    def gateways(self) -> list[dict[str, Any]]:
        """Returns the initial gateways of the form. The outbound address is blank if each customer
        has their own."""
        shared = {"port": self.port, "protocol": self.protocol}
        inward = [self.row(s, inbound=True, **shared) for s in self.signalling]
        outward = [self.row(s, inbound=False, **shared) for s in self.hosts]
        if self.host_hint:
            outward.append(self.row(PresetAddress("", _("your own")), inbound=False, **shared))
        return inward + outward

    def row(self, source: PresetAddress, *, inbound: bool, **shared: Any) -> dict[str, Any]:
        return {
            "ipv4": source.address,
            "netmask": source.netmask,
            "inbound": inbound,
            "outbound": not inbound,
            **shared,
        }

    def regions(self) -> dict[str, Any]:
        return {source.address: source.region for source in (*self.signalling, *self.hosts)}


ALLOWLIST_STEP = _("Allow the platform's addresses for calls that you send.")
ROUTE_CALLS_STEP = _("Send calls to your numbers to the platform's addresses.")
ATTACH_NUMBERS_STEP = _("Attach your numbers to the trunk.")

PRESETS = (
    CarrierPreset(
        key="twilio",
        name="Twilio Elastic SIP Trunking",
        trunk_type="static_ip",
        summary=_("Calls come from eight regional networks; all of them are needed."),
        url="https://www.twilio.com/docs/sip-trunking/ip-addresses",
        signalling=(
            PresetAddress("54.172.60.0", _("North America, Virginia"), 30),
            PresetAddress("54.244.51.0", _("North America, Oregon"), 30),
            PresetAddress("54.171.127.192", _("Europe, Ireland"), 30),
            PresetAddress("35.156.191.128", _("Europe, Frankfurt"), 30),
            PresetAddress("54.65.63.192", _("Asia, Tokyo"), 30),
            PresetAddress("54.169.127.128", _("Asia, Singapore"), 30),
            PresetAddress("54.252.254.64", _("Australia, Sydney"), 30),
            PresetAddress("177.71.206.192", _("South America, São Paulo"), 30),
        ),
        host_hint="example.pstn.twilio.com",
        steps=(
            _("Create a trunk under Elastic SIP Trunking; note its Termination SIP URI."),
            _("Termination: add an IP access control list with the platform's addresses."),
            _("Origination: add a SIP URI for each of the platform's addresses."),
            ATTACH_NUMBERS_STEP,
        ),
    ),
    CarrierPreset(
        key="telnyx",
        name="Telnyx",
        trunk_type="static_ip",
        summary=_("Calls come from the region of your connection; US unless you chose another."),
        url="https://sip.telnyx.com",
        signalling=(
            PresetAddress("192.76.120.10", _("US")),
            PresetAddress("64.16.250.10", _("US")),
            PresetAddress("185.246.41.140", _("Europe")),
            PresetAddress("185.246.41.141", _("Europe")),
            PresetAddress("103.115.244.145", _("Australia")),
            PresetAddress("103.115.244.146", _("Australia")),
            PresetAddress("192.76.120.31", _("Canada")),
            PresetAddress("64.16.250.13", _("Canada")),
        ),
        hosts=(PresetAddress("sip.telnyx.com", _("US")),),
        steps=(
            _("Create a SIP connection with IP address authentication in Mission Control."),
            ALLOWLIST_STEP,
            _("Choose the inbound region, and leave out the others above."),
            _("Assign an outbound voice profile and your numbers to the connection."),
        ),
        note=_(
            "sip.telnyx.eu, .com.au and .ca take calls in Europe, Australia and Canada. The Middle "
            "East and Asia have addresses of their own: see the source."
        ),
    ),
    CarrierPreset(
        key="didww",
        name="DIDWW",
        trunk_type="static_ip",
        summary=_("Calls come from seven places; outbound needs an outbound trunk."),
        url="https://doc.didww.com/voice/inbound-trunks/sip-trunks/sip-connectivity-reference.html",
        signalling=(
            PresetAddress("46.19.209.14", _("New York")),
            PresetAddress("46.19.210.14", _("Frankfurt")),
            PresetAddress("46.19.212.14", _("Los Angeles")),
            PresetAddress("46.19.213.14", _("Miami")),
            PresetAddress("46.19.214.14", _("Singapore")),
            PresetAddress("46.19.215.14", _("Hong Kong")),
            PresetAddress("185.238.173.14", _("Amsterdam")),
        ),
        hosts=(
            PresetAddress("nyc.us.out.didww.com", _("New York")),
            PresetAddress("fra.eu.out.didww.com", _("Frankfurt")),
        ),
        steps=(
            _("Create an inbound SIP trunk to a static endpoint: one of the platform's addresses."),
            _("Create an outbound trunk and allow the platform's addresses."),
            ATTACH_NUMBERS_STEP,
        ),
        note=_("Further outbound hosts: doc.didww.com, “Outbound SIP information”."),
    ),
    CarrierPreset(
        key="voxbone",
        name="Bandwidth Global (Voxbone)",
        trunk_type="static_ip",
        summary=_("Numbers in Europe, the Middle East, Africa and Asia."),
        url="https://github.com/jambonz/jambonz-api-server/blob/main/db/seed-production-database-open-source.sql",
        signalling=tuple(
            PresetAddress(address, _("as jambonz' own preset has it"))
            for address in (
                "81.201.82.45",
                "81.201.83.45",
                "81.201.84.45",
                "81.201.85.45",
                "81.201.86.45",
                "185.47.148.45",
            )
        ),
        hosts=(PresetAddress("outbound.voxbone.com", _("worldwide")),),
        steps=(
            _("Create a voice URI for each of the platform's addresses."),
            ATTACH_NUMBERS_STEP,
            ALLOWLIST_STEP,
        ),
        note=_("The addresses are those of the preset in jambonz: compare them with your portal."),
    ),
    CarrierPreset(
        key="bandwidth",
        name="Bandwidth (US)",
        trunk_type="static_ip",
        summary=_("Bandwidth names its two session border controllers to each customer."),
        url="https://support.bandwidth.com/hc/en-us/articles/204138866-Outbound-Calling-Integration-Guide",
        steps=(
            _("Take both addresses from your welcome e-mail, or ask your implementation contact."),
            _("Add the platform's addresses to the location (SIP peer) of your numbers."),
        ),
        note=_("No public list of addresses was found: enter both, so that one may be down."),
    ),
    CarrierPreset(
        key="simwood",
        name="Simwood",
        trunk_type="static_ip",
        summary=_("Numbers in the United Kingdom and beyond."),
        url="https://github.com/jambonz/jambonz-api-server/blob/main/db/seed-production-database-open-source.sql",
        signalling=tuple(
            PresetAddress(address, _("as jambonz' own preset has it"))
            for address in (
                "178.22.139.77",
                "185.63.140.77",
                "185.63.142.77",
                "172.86.225.77",
                "172.86.225.88",
            )
        ),
        hosts=(PresetAddress("out.simwood.com", _("nearest")),),
        steps=(
            _("Create a trunk for outbound calls, and allow the platform's addresses on it."),
            ROUTE_CALLS_STEP,
        ),
        note=_("The addresses are those of the preset in jambonz: compare them with your portal."),
    ),
    CarrierPreset(
        key="vonage",
        name="Vonage SIP Trunking",
        trunk_type="static_ip",
        summary=_("Calls come from twelve addresses, whatever the region."),
        url="https://docs.cloud.google.com/contact-center/ccai-platform/docs/byoc-ip-allow-list",
        signalling=tuple(
            PresetAddress(f"216.147.{site}.{host}", _("worldwide"))
            for site in range(6)
            for host in (1, 2)
        ),
        host_hint="yourcompany.sip-us.vonage.com",
        steps=(
            _("Create a trunk in the SIP dashboard; its domain is where calls are sent."),
            _("Add the platform's addresses to the trunk's access control list."),
            _("Inbound calling: add a URI for each of the platform's addresses."),
            ATTACH_NUMBERS_STEP,
        ),
        note=_("The addresses are Google's list of Vonage's: compare them with Vonage's own."),
    ),
    CarrierPreset(
        key="messagebird",
        name="Bird (MessageBird)",
        trunk_type="static_ip",
        summary=_("Calls come from three addresses in each of Europe, US and Asia."),
        url="https://docs.bird.com/connectivity-platform/sip-trunking/sip-server-and-connection-details",
        signalling=(
            PresetAddress("35.205.157.173", _("Europe")),
            PresetAddress("35.189.226.179", _("Europe")),
            PresetAddress("35.205.0.36", _("Europe")),
            PresetAddress("35.231.33.27", _("US")),
            PresetAddress("35.196.4.32", _("US")),
            PresetAddress("35.227.0.132", _("US")),
            PresetAddress("35.197.152.245", _("Asia")),
            PresetAddress("35.198.200.122", _("Asia")),
            PresetAddress("35.234.192.68", _("Asia")),
        ),
        steps=(
            _("Create a SIP trunk, and allow the platform's addresses on it."),
            ROUTE_CALLS_STEP,
            ATTACH_NUMBERS_STEP,
        ),
        note=_("Calls can be sent to the same addresses: tick “outbound” on the nearest."),
    ),
    CarrierPreset(
        key="plivo",
        name="Plivo Zentrunk",
        trunk_type="static_ip",
        summary=_("Each outbound trunk has a termination domain of its own."),
        url="https://docs.livekit.io/telephony/start/providers/plivo.md",
        host_hint=_("the trunk's termination domain"),
        steps=(
            _("Zentrunk, Outbound Trunks: an access control list with the platform's addresses."),
            _("Create an outbound trunk with it; its termination domain is where calls are sent."),
            _("Inbound Trunks: the platform's address as primary URI; then attach your numbers."),
        ),
        note=_("No public list of Plivo's addresses was found: ask Plivo where calls come from."),
    ),
    CarrierPreset(
        key="signalwire",
        name="SignalWire",
        trunk_type="reg",
        summary=_("The platform registers as a SIP endpoint of your space."),
        url="https://developer.signalwire.com/guides/voice/sip-trunking",
        host_hint=_("the SIP domain of your space"),
        realm_hint=_("the SIP domain of your space"),
        steps=(
            _("Resources: add a SIP endpoint, with user name and password."),
            _("Outbound call handler: allow calls to the public network."),
            _("Let your numbers ring that endpoint."),
        ),
    ),
)
PRESETS_BY_KEY = {preset.key: preset for preset in PRESETS}
