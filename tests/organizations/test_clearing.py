"""Optional texts of the APIs: null and "" clear them, in every dialect, when adding and when
changing. Walked over the bodies of all views, so that a new field cannot forget it."""

from collections.abc import Iterator

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from integrations.providers.sandbox import Sandbox
from numbers.inventory.agents import create_agent
from numbers.models import PhoneNumber
from organizations.web.api.exception_mapping import exception_to_problem
from organizations.web.api.fields import ClearableMixin, StrictSerializer
from organizations.web.api.views import OrgView
from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.project import iterate_routes, view_classes

TEXTS = (serializers.CharField, serializers.ChoiceField)
# Left out they stay; they are required when the thing is made, so nothing can take them away.
STAY = {
    "AgentChangeSerializer.name",
    "CarrierChangeSerializer.carrier_name",
    "CarrierChangeSerializer.trunk_type",
    "IntegrationChangeSerializer.name",
    "NumberChangeSerializer.status",
}
# Words that are a choice or have a default, not texts: left out, they are the default.
CHOICES = {
    "CarrierWriteSerializer.trunk_type",
    "ImportOptionsSerializer.destination",
    "KeyCreateSerializer.role",
    "ListSerializer.sort_by",
    "ListSerializer.sort_order",
    "SipGatewaySerializer.protocol",
}


def bodies() -> set[type[StrictSerializer]]:
    """The serializers of all requests."""
    views = {
        v
        for _path, pattern in iterate_routes()
        for v in view_classes(pattern)
        if issubclass(v, OrgView)
    }
    found = set()
    for view in views:
        for method in view.permissions:
            body = getattr(getattr(view, method.lower()), "request", None)
            known = body.values() if isinstance(body, dict) else [body]
            found |= {each for each in known if isinstance(each, type)}
    return {each for each in found if issubclass(each, serializers.Serializer)}


def fields_of(serializer: serializers.BaseSerializer) -> Iterator[tuple[str, serializers.Field]]:
    """With those of the objects and lists within."""
    for name, field in serializer.fields.items():
        inner = getattr(field, "child", field)
        yield f"{type(serializer).__name__}.{name}", field
        if isinstance(inner, serializers.Serializer):
            yield from fields_of(inner)


FIELDS = sorted(dict(pair for body in bodies() for pair in fields_of(body())).items())
IDS = [name for name, _field in FIELDS]


def errors_at(field: serializers.Field, value: object) -> list[str]:
    try:
        field.run_validation(value)
    except ValidationError as error:
        return [each["code"] for each in exception_to_problem(error).errors]
    return []


def test_the_bodies_of_all_dialects_are_walked():
    modules = {".".join(body.__module__.split(".")[:3]) for body in bodies()}
    assert {
        "numbers.dialects.butter",
        "numbers.dialects.zudu",
        "numbers.api.serializers",
    } <= modules
    assert {"carriers.api.serializers", "organizations.api.serializers"} <= modules
    assert set(IDS) >= STAY | CHOICES, "stale entries"


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=IDS)
def test_an_optional_text_is_cleared_and_a_required_one_refuses(name, field):
    if not isinstance(field, TEXTS) or name in STAY | CHOICES:
        return
    if isinstance(field, ClearableMixin):
        assert not field.required
        assert field.run_validation("") is None
        assert field.run_validation(None) is None
    else:
        assert field.required, f"{name}: make it an Optional… field, or say in STAY why not"
        assert errors_at(field, "")
        assert errors_at(field, None)


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=IDS)
def test_blanks_alone_are_nothing_too(name, field):
    if isinstance(field, serializers.CharField) and field.trim_whitespace:
        for text in ("  ", "\u200b\u00a0"):
            assert errors_at(field, text) == errors_at(field, "")


V1 = "/v1/phone-numbers"
pytestmark = pytest.mark.django_db
NOTHING = pytest.mark.parametrize("nothing", ["", None])


def send(member, dialect: str, method: str, path: str, body: dict):
    answer = DIALECTS[dialect].send(member, method, path, body)
    assert answer.status_code in (200, 201, 202), answer.text
    return answer.json()


@NOTHING
class TestNumbers:
    TEXTS = {
        "label": "Main line",
        "inbound_agent_id": "agent_x",
        "outbound_agent_id": "agent_y",
        "inbound_webhook_url": "https://example.com/in",
        "outbound_trunk_id": "ST_1",
        "number_provider": "sip",
    }

    def stored(self) -> dict:
        number = PhoneNumber.objects.get()
        return {name: getattr(number, name) for name in self.TEXTS}

    @pytest.mark.parametrize("name", TEXTS)
    def test_v1_changes(self, alice, nothing, name):
        number = factories.create_number(alice.by)
        PhoneNumber.objects.update(**self.TEXTS)
        shown = send(alice, "v1", "PATCH", f"{V1}/{number.pk}", {name: nothing})
        assert shown[name] is None
        assert self.stored() == {**self.TEXTS, name: None}

    def test_v1_adds(self, alice, nothing):
        body = {"number": "+18005551234", "label": nothing}
        assert send(alice, "v1", "POST", V1, body)["label"] is None

    def test_v1_imports_and_buys(self, alice, nothing):
        names = ("label", "inbound_agent_id", "outbound_agent_id", "inbound_webhook_url")
        empty = dict.fromkeys(names, nothing)
        one = {"number": "+18005551234", **empty, "outbound_trunk_id": nothing}
        homes = dict.fromkeys(("integration_id", "voice_integration_id"), nothing)
        body = {"provider": "twilio", **homes, "numbers": [one]}
        shown = send(alice, "v1", "POST", f"{V1}/import", body)["data"][0]
        assert [shown[name] for name in names] == [None] * 4
        extras = dict.fromkeys(("address_sid", "bundle_sid", "identity_sid"), nothing)
        body = {"number": "+18005551235", "integration_id": nothing, **empty, **extras}
        assert send(alice, "v1", "POST", f"{V1}/purchases", body)["label"] is None
        bought = PhoneNumber.objects.get(e164="+18005551235").placements.get(role="supply")
        assert bought.purchase == {}

    def test_v1_trunks(self, alice, nothing):
        sip = {"trunk_name": "T", "username": "u", "password": "p", "pin": "1234"}
        sip |= {"server_address": "sip.example.com", "media_encryption": "require"}
        one = {"number": "+18005551234", "sip": {**sip, "room_name": nothing}}
        send(alice, "v1", "POST", f"{V1}/import", {"provider": "sip", "numbers": [one]})
        factories.run_due_operations()
        number = PhoneNumber.objects.get()
        empty = dict.fromkeys([*sip, "room_name"], nothing)
        body = {"sip": empty, "supports_outbound": False}
        send(alice, "v1", "PATCH", f"{V1}/{number.pk}", body)
        placement = number.placements.get()
        assert (placement.settings, placement.secrets()) == ({}, {})

    @pytest.mark.parametrize("name", ["label", *TEXTS])
    def test_zudu_changes(self, alice, nothing, name):
        number = factories.create_number(alice.by)
        PhoneNumber.objects.update(**self.TEXTS)
        sent = {"nickname" if name == "label" else name: nothing}
        send(alice, "zudu", "PATCH", f"/api/phone-numbers/{number.e164}", sent)
        assert self.stored() == {**self.TEXTS, name: None}

    def test_zudu_adds(self, alice, nothing):
        names = ("nickname", "inbound_agent_id", "outbound_agent_id", "inbound_webhook_url")
        words = ("number_provider", "outbound_trunk_id", "phone_number_type")
        body = {"phone_number": "+18005551234", **dict.fromkeys(names + words, nothing)}
        shown = send(alice, "zudu", "POST", "/api/phone-numbers/create", body)["data"]
        assert [shown[name] for name in names] == [None] * 4
        assert (shown["number_provider"], shown["phone_number_type"]) == ("twilio", "zudu-twilio")

    def test_zudu_imports(self, alice, worker, nothing):
        body = {"phone_number": "+18005551234", "provider": "twilio"}
        body |= dict.fromkeys(("account_sid", "auth_token", "nickname"), nothing)
        body |= dict.fromkeys(("inbound_agent_id", "outbound_agent_id"), nothing)
        send(alice, "zudu", "POST", "/api/phone-numbers/import", body)
        assert PhoneNumber.objects.get().status == "active"

    def test_zudu_lists(self, alice, nothing):
        factories.create_number(alice.by)
        criteria = {"nickname": nothing, "agent_id": nothing}
        body = {"filter_criteria": criteria}
        data = send(alice, "zudu", "POST", "/api/phone-numbers/list", body)["data"]
        assert (data["returned_count"], data["applied_filters"]) == (1, {})

    def test_butter_imports_and_changes(self, alice, nothing):
        names = ("sip_trunk_name", "sip_username", "sip_password", "sip_server_address")
        empty = dict.fromkeys(names, nothing)
        empty |= dict.fromkeys(("inbound_room_name", "inbound_pin", "media_encryption"), nothing)
        body = {"phone_number": "+18005551234", "provider": "sip", "integration_id": nothing}
        made = send(alice, "butter", "POST", "/api/phone-numbers", {**body, **empty})["data"]
        factories.run_due_operations()
        path = f"/api/phone-numbers/{made['phone_number_id']}"
        given = {"sip_trunk_name": "T", "inbound_pin": "1234", "media_encryption": "require"}
        send(alice, "butter", "PATCH", path, given)
        send(alice, "butter", "PUT", path, empty)
        placement = PhoneNumber.objects.get().placements.get()
        assert (placement.settings, placement.secrets()) == ({}, {})


@NOTHING
class TestOthers:
    def test_an_agent(self, alice, nothing):
        body = {"agent_id": "x", "name": "X", "voice_url": nothing}
        assert send(alice, "v1", "POST", "/v1/agents", body)["voice_url"] is None
        create_agent(alice.by, name="Y", agent_id="y", voice_url="https://example.com/")
        shown = send(alice, "v1", "PATCH", "/v1/agents/y", {"voice_url": nothing})
        assert shown["voice_url"] is None

    def test_a_carrier(self, alice, nothing):
        empty = dict.fromkeys(("realm", "from_user", "from_domain"), nothing)
        registration = {"username": "u", "password": "p", **empty}
        body = {"carrier_name": "New", "trunk_type": "reg", "registration": registration}
        body |= {"sip_gateway": {"ipv4": "198.51.100.20"}, "integration_id": nothing}
        made = send(alice, "v1", "POST", f"{V1}/carriers", body)
        assert made["registration"]["realm"] is None
        full = {**registration, "realm": "example.com", "from_user": "me"}
        path = f"{V1}/carriers/{made['id']}"
        shown = send(alice, "v1", "PATCH", path, {"registration": full})
        assert shown["registration"]["realm"] == "example.com"
        shown = send(alice, "v1", "PATCH", path, {"registration": registration})
        assert (shown["registration"]["realm"], shown["registration"]["from_user"]) == (None, None)

    def test_an_import(self, alice, nothing):
        names = ("integration_id", "voice_integration_id", "country", "label", "agent_id")
        rows = [{"number": "+18005551234", **dict.fromkeys(("label", "carrier"), nothing)}]
        body = {"title": nothing, "options": dict.fromkeys(names, nothing), "rows": rows}
        assert send(alice, "v1", "POST", "/v1/imports", body)["title"] == "API"

    @pytest.mark.parametrize("dialect", ["v1", "butter"])
    def test_the_optional_fields_of_an_account(self, alice, worker, nothing, dialect):
        path = "/v1/integrations" if dialect == "v1" else "/api/integrations"
        account = {field.name: nothing for field in Sandbox.fields if not field.required}
        assert account
        body = {"kind": "sandbox", "account": account}
        if dialect == "butter":
            body = {"credentials": {"provider": "sandbox", **account}}
        send(alice, dialect, "POST", path, {"name": "Another", **body})

    def test_a_required_name_is_refused_by_name(self, alice, nothing):
        carrier = alice.organization.carriers.get()
        integration = alice.organization.integrations.get()
        create_agent(alice.by, name="Y", agent_id="y")
        for path, name in (
            ("/v1/organization", "name"),
            ("/v1/agents/y", "name"),
            (f"{V1}/carriers/{carrier.pk}", "carrier_name"),
            (f"/v1/integrations/{integration.public_id}", "name"),
        ):
            answer = DIALECTS["v1"].send(alice, "PATCH", path, {name: nothing})
            assert answer.status_code == 400
            assert [each["path"] for each in answer.json()["errors"]] == [name]
        path = f"/api/integrations/{integration.public_id}"
        answer = DIALECTS["butter"].send(alice, "PUT", path, {"name": nothing})
        assert answer.status_code in (400, 422)
        assert "name" in answer.text
