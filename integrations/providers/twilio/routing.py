"""The routing of a number's calls: the present one, the desired one, and the one before Patchbay.

A trunk takes precedence over an application, and an application over a URL. Overridden settings
stay stored and have no effect. So two routings are compared by the effective setting, and restored
as a whole.
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
        """Returns the part of the routing that has an effect."""
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
        # The query, or the user information before the host, may contain a secret.
        found = urlsplit(acting.voice_url)
        return f"{found.scheme}://{found.hostname}{found.path}" if found.hostname else "nowhere"


NO_ROUTING = Routing()


def parse_routing(row: Row) -> Routing:
    """Returns the routing of a number. An unset field may be "" or null, even in Twilio's own
    examples."""
    return Routing(**{name: str(row.get(name) or "") for name in FORM_FIELDS})


def routing_form_values(routing: Routing) -> dict[str, str]:
    return {FORM_FIELDS[name]: text for name, text in asdict(routing).items()}


def routing_changes(present: Routing, target: Routing) -> dict[str, str]:
    """Returns the form that turns `present` into `target`. It contains only differences; an empty
    value clears a field.

    A trunk to be removed is left out, because it is detached afterwards by its own resource, or by
    the application that replaces it. Twilio removes the application when a trunk is set.
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
    """The routing configuration of an account: its trunk and its application."""

    trunk_sid: str = ""
    application_sid: str = ""
    at_signalwire: bool = False

    def wanted(self, spec: NumberSpec, present: Routing) -> Routing | None:
        """Returns the desired routing, or None for the one before Patchbay. Settings without effect
        are left unchanged."""
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
        """Raises Refused for an application id in the wrong format. Patchbay's own application_sid
        is a UUID, and so are SignalWire's, but Twilio's are not."""
        application = wanted.acting.voice_application_sid if wanted else ""
        if application and not has_id_format(application, "AP", at_signalwire=self.at_signalwire):
            raise Refused(
                f"{application} is no TwiML application: at Twilio it is AP and 32 hex digits."
            )


@dataclass(frozen=True)
class RoutingMemory:
    """The known routings of a number: the one before Patchbay, and those that Patchbay set."""

    present: Routing
    wanted: Routing | None
    before: Routing | None
    ours: tuple[Routing, ...]  # by their effective part

    @property
    def is_ours(self) -> bool:
        return self.present.acting in self.ours

    @property
    def target(self) -> Routing:
        """Returns the routing to set. A routing set by somebody else remains if Patchbay wants
        none."""
        if self.wanted:
            done = self.wanted.acting == self.present.acting
            return self.present if done else self.wanted
        return self.before if self.is_ours and self.before else self.present

    @property
    def refs(self) -> ExternalIds:
        """Returns what is needed to restore the earlier routing; stored before anything is
        changed."""
        now = self.present.acting
        ours = [self.wanted.acting] if self.wanted else []
        ours += [now] if self.is_ours and now not in ours and self.before != self.present else []
        refs = {ROUTING_BEFORE: _routing_json(self.before)} if self.before else {}
        return refs | ({OUR_ROUTINGS: json.dumps([asdict(each) for each in ours])} if ours else {})


def load_routing_memory(
    desk: RoutingPolicy, spec: NumberSpec, row: Row, refs: Mapping[str, str]
) -> RoutingMemory:
    """Returns the routings stored in `refs`, compared with the number's present row.

    The first observation, before anything is changed, sees the routing before Patchbay. That
    routing is stored from then on, until somebody else routes the number while Patchbay wants no
    routing; then theirs replaces it.
    """
    present = parse_routing(row)
    wanted = desk.wanted(spec, present)
    would = wanted or desk.wanted(replace(spec, routed=True), present)
    noted = tuple(_build_routing(each) for each in json.loads(refs.get(OUR_ROUTINGS) or "[]"))
    before = _build_routing(json.loads(refs[ROUTING_BEFORE])) if refs.get(ROUTING_BEFORE) else None
    memory = RoutingMemory(present, wanted, before, noted + ((would.acting,) if would else ()))
    if memory.is_ours:
        # Patchbay bought the number: there was no routing before, even if the stored purchase was
        # lost.
        return replace(
            memory, before=before or (NO_ROUTING if has_placement_marker(row, spec) else None)
        )
    return memory if noted and wanted else replace(memory, before=present)


def has_placement_marker(row: Row, spec: NumberSpec) -> bool:
    """Returns whether Patchbay bought the number for this placement."""
    return spec.marker in (row.get("friendly_name") or "")


def _build_routing(fields: Any) -> Routing:
    return Routing(**{name: str(fields.get(name) or "") for name in FORM_FIELDS})


def _routing_json(routing: Routing) -> str:
    return json.dumps(asdict(routing))
