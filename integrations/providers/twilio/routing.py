"""Where a number's calls go: what is set there, what we want, and what was there before us.

A trunk beats an application beats a URL; what is beaten stays stored and has no effect. So two
routings are compared by what acts in them, and put back as a whole.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from integrations.providers.base import ExternalIds, NumberSpec, Refused
from integrations.providers.twilio.account import has_id_format

Row = dict[str, Any]

ROUTING_BEFORE, OUR_ROUTINGS = "routing_before", "routing_ours"  # refs: JSON texts
FORM_FIELDS = {
    "voice_url": "VoiceUrl",
    "voice_method": "VoiceMethod",
    "voice_application_sid": "VoiceApplicationSid",
    "trunk_sid": "TrunkSid",
}


@dataclass(frozen=True)
class Routing:
    voice_url: str = ""
    voice_method: str = ""
    voice_application_sid: str = ""
    trunk_sid: str = ""

    @property
    def acting(self) -> "Routing":
        """What of it has an effect."""
        if self.trunk_sid:
            return Routing(trunk_sid=self.trunk_sid)
        if self.voice_application_sid:
            return Routing(voice_application_sid=self.voice_application_sid)
        return Routing(self.voice_url, self.voice_method if self.voice_url else "")

    def __str__(self) -> str:
        acting = self.acting
        if acting.trunk_sid:
            return f"trunk {acting.trunk_sid}"
        if acting.voice_application_sid:
            return f"application {acting.voice_application_sid}"
        # What comes behind the path, or before the host, may be somebody's secret.
        found = urlsplit(acting.voice_url)
        return f"{found.scheme}://{found.hostname}{found.path}" if found.hostname else "nowhere"


NO_ROUTING = Routing()


def parse_routing(row: Row) -> Routing:
    """Unset is "" here and null there, even in Twilio's own examples."""
    return Routing(**{name: str(row.get(name) or "") for name in FORM_FIELDS})


def routing_form_values(routing: Routing) -> dict[str, str]:
    return {FORM_FIELDS[name]: text for name, text in asdict(routing).items()}


def routing_changes(present: Routing, target: Routing) -> dict[str, str]:
    """The form that turns one into the other; only what differs, and an empty value clears.

    A trunk is left out when it goes: it is detached afterwards, by its own resource, or by the
    application that takes its place. Twilio takes the application away when a trunk comes.
    """
    there, wanted = asdict(present), asdict(target)
    kept = {"voice_method"} if not target.voice_method else set()
    kept |= {"trunk_sid"} if not target.trunk_sid else {"voice_application_sid"}
    return {
        FORM_FIELDS[name]: wanted[name]
        for name in FORM_FIELDS
        if wanted[name] != there[name] and name not in kept
    }


def must_detach_trunk(present: Routing, target: Routing) -> bool:
    return bool(present.trunk_sid and not target.trunk_sid and not target.voice_application_sid)


@dataclass(frozen=True)
class RoutingPolicy:
    """How this account routes: its trunk and its application, as configured."""

    trunk_sid: str = ""
    application_sid: str = ""
    at_signalwire: bool = False

    def wanted(self, spec: NumberSpec, present: Routing) -> Routing | None:
        """None: as it was before us. What does not act is left as it is."""
        if not spec.routed:
            return None
        if spec.webhook:
            return Routing(spec.webhook, "POST")
        if spec.lands_elsewhere and self.trunk_sid:
            return replace(present, trunk_sid=self.trunk_sid, voice_application_sid="")
        if application := spec.application or self.application_sid:
            return replace(present, trunk_sid="", voice_application_sid=application)
        return None

    def refuse_odd(self, wanted: Routing | None) -> None:
        """Patchbay's own application_sid is a UUID, which only SignalWire's are as well."""
        application = wanted.acting.voice_application_sid if wanted else ""
        if application and not has_id_format(application, "AP", at_signalwire=self.at_signalwire):
            raise Refused(
                f"{application} is no TwiML application: at Twilio it is AP and 32 hex digits."
            )


@dataclass(frozen=True)
class RoutingMemory:
    """What is known of a number's routings: the one before us, and those that are ours."""

    present: Routing
    wanted: Routing | None
    before: Routing | None
    ours: tuple[Routing, ...]  # by what acts in them

    @property
    def is_ours(self) -> bool:
        return self.present.acting in self.ours

    @property
    def target(self) -> Routing:
        """As it shall be; what somebody else has set stays where we want nothing."""
        if self.wanted:
            done = self.wanted.acting == self.present.acting
            return self.present if done else self.wanted
        return self.before if self.is_ours and self.before else self.present

    @property
    def refs(self) -> ExternalIds:
        """What must be known for the way back; kept before anything is changed."""
        now = self.present.acting
        ours = [self.wanted.acting] if self.wanted else []
        ours += [now] if self.is_ours and now not in ours and self.before != self.present else []
        refs = {ROUTING_BEFORE: _routing_json(self.before)} if self.before else {}
        return refs | ({OUR_ROUTINGS: json.dumps([asdict(each) for each in ours])} if ours else {})


def load_routing_memory(
    desk: RoutingPolicy, spec: NumberSpec, row: Row, refs: Mapping[str, str]
) -> RoutingMemory:
    """What `refs` remember, held against the number as it stands there.

    The first look, before anything is changed, sees the routing before us. It is kept from then
    on, until the number is routed by somebody else and not wanted by us: then theirs is it.
    """
    present = parse_routing(row)
    wanted = desk.wanted(spec, present)
    would = wanted or desk.wanted(replace(spec, routed=True), present)
    noted = tuple(_build_routing(each) for each in json.loads(refs.get(OUR_ROUTINGS) or "[]"))
    before = _build_routing(json.loads(refs[ROUTING_BEFORE])) if refs.get(ROUTING_BEFORE) else None
    memory = RoutingMemory(present, wanted, before, noted + ((would.acting,) if would else ()))
    if memory.is_ours:
        # Bought by us: there was nothing before, even if all memory of the purchase is lost.
        return replace(
            memory, before=before or (NO_ROUTING if has_placement_marker(row, spec) else None)
        )
    return memory if noted and wanted else replace(memory, before=present)


def has_placement_marker(row: Row, spec: NumberSpec) -> bool:
    """Bought by Patchbay, for this very placement."""
    return spec.marker in (row.get("friendly_name") or "")


def _build_routing(fields: Any) -> Routing:
    return Routing(**{name: str(fields.get(name) or "") for name in FORM_FIELDS})


def _routing_json(routing: Routing) -> str:
    return json.dumps(asdict(routing))
