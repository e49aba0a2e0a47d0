"""Carriers in the admin: the form with its gateways, passwords, defaults, deleting."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from carriers.models import Carrier
from integrations.models import Operation
from organizations.models import User
from tests.support import factories

pytestmark = pytest.mark.django_db

LIST = reverse("admin:carriers_carrier_changelist")
ADD = reverse("admin:carriers_carrier_add")
REGISTRATION = {"username": "acme", "password": "hunter2", "realm": "sip.example.com"}
MORE = {"from_user": None, "from_domain": None, "public_ip_in_contact": False}


def page_of(carrier: Carrier) -> str:
    return reverse("admin:carriers_carrier_change", args=[carrier.pk])


def do(name: str, carrier: Carrier) -> str:
    return reverse("admin:carriers_carrier_do", args=[carrier.pk, name])


def text_of(response) -> str:
    return response.content.decode()


def told(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def errors_of(page) -> dict:
    return page.context["adminform"].form.errors


def filled(*gateways: dict, initial: int = 0, **fields) -> dict[str, str]:
    """The form as a browser sends it."""
    values = {"name": "New Trunk", "trunk_type": "static_ip", **fields}
    values |= {"gateways-TOTAL_FORMS": len(gateways), "gateways-INITIAL_FORMS": initial}
    plain = {"ipv4": "198.51.100.9", "port": 5060, "netmask": 32, "protocol": "udp"}
    for place, gateway in enumerate(gateways):
        given = {**plain, "inbound": "on", "outbound": "on", **gateway}
        values |= {f"gateways-{place}-{name}": v for name, v in given.items() if v is not None}
    return values


def add(staff: Client, member, *gateways: dict, **fields):
    integration = str(member.organization.integrations.get().pk)
    values = filled(*(gateways or [{}]), **{"integration": integration, **fields})
    return staff.post(f"{ADD}?organization={member.organization.pk}", values)


class TestAdd:
    def test_it_is_set_up_as_written(self, alice, staff):
        second = {"ipv4": "sip.example.com", "inbound": None, "port": 5061, "protocol": "tls"}
        response = add(staff, alice, {}, second, is_default="on")
        carrier = alice.organization.carriers.get(name="New Trunk")
        assert response.url == page_of(carrier)
        assert carrier.is_default
        gateways = carrier.gateways.order_by("position").values_list("ipv4", "port", "inbound")
        assert list(gateways) == [("198.51.100.9", 5060, True), ("sip.example.com", 5061, False)]
        event = alice.organization.events.get(action="carrier.created", subject_id=carrier.pk)
        assert event.actor_label == "operator olga@example.com"
        factories.run_open_operation("carrier", carrier.pk)
        carrier.refresh_from_db()
        assert carrier.status == "active"

    def test_a_registration_is_kept_with_its_password_sealed(self, alice, staff):
        add(staff, alice, trunk_type="reg", **REGISTRATION)
        carrier = alice.organization.carriers.get(name="New Trunk")
        assert carrier.registration == {"username": "acme", "realm": "sip.example.com", **MORE}
        assert carrier.password() == "hunter2"
        assert "hunter2" not in carrier.sealed

    def test_inbound_credentials_are_kept_too(self, alice, staff):
        add(staff, alice, trunk_type="auth", username="acme", password="hunter2")
        carrier = alice.organization.carriers.get(name="New Trunk")
        assert (carrier.inbound_auth, carrier.password()) == ({"username": "acme"}, "hunter2")

    @pytest.mark.parametrize(
        ("gateways", "fields", "field", "words"),
        [
            ([], {"trunk_type": "reg"}, "username", "Required with this trunk type"),
            ([], {"trunk_type": "auth", "username": "a"}, "password", "Required"),
            ([], {"username": "acme"}, "username", "Not used with this trunk type"),
            ([], {**REGISTRATION, "trunk_type": "reg", "realm": "sip:x"}, "realm", "domain name"),
            ([], {"trunk_type": "auth", "username": "a b", "password": "x"}, "username", "Blanks"),
            ([{"ipv4": ""}], {}, "__all__", "at least one gateway"),
            ([{}, {}], {}, "__all__", "Gateway 2: This address, port and protocol stand twice"),
            (
                [{"outbound": None}],
                {**REGISTRATION, "trunk_type": "reg"},
                "__all__",
                "needs an outbound gateway",
            ),
        ],
    )
    def test_what_is_wrong_is_said_where_it_is(self, alice, staff, gateways, fields, field, words):
        untouched = [g for g in gateways if g.get("ipv4") != ""]
        page = add(staff, alice, *gateways, **fields)
        assert words in str(errors_of(page)[field]), untouched
        assert not alice.organization.carriers.filter(name="New Trunk").exists()

    @pytest.mark.parametrize(
        ("gateway", "words"),
        [
            ({"ipv4": "sip.example.com"}, "An inbound gateway needs an IPv4 address"),
            ({"ipv4": "sip:198.51.100.7"}, "without sip:"),
            ({"inbound": None, "outbound": None}, "inbound, outbound or both"),
            ({"netmask": 33}, "less than or equal to 32"),
            ({"port": 0}, "greater than or equal to 1"),
        ],
    )
    def test_what_is_wrong_with_a_gateway_stands_in_its_row(self, alice, staff, gateway, words):
        page = text_of(add(staff, alice, gateway))
        assert words in page
        assert "Constraint" not in page
        assert not alice.organization.carriers.filter(name="New Trunk").exists()

    def test_only_integrations_of_the_organization_are_offered(self, alice, mallory, staff):
        strange = mallory.organization.integrations.get()
        page = add(staff, alice, integration=str(strange.pk))
        assert "integration" in errors_of(page)

    def test_a_password_is_not_sent_back(self, alice, staff):
        page = add(staff, alice, trunk_type="reg", **{**REGISTRATION, "realm": "sip:x"})
        assert "hunter2" not in text_of(page)


@pytest.fixture
def registering(alice) -> Carrier:
    registration = {**REGISTRATION, **MORE}
    return factories.create_carrier(
        alice.by, name="Reg", trunk_type="reg", registration=registration
    )


def change(staff: Client, carrier: Carrier, *gateways: dict, **fields):
    """Its form as it came, with these fields changed."""
    gateway = carrier.gateways.get()
    stored = {"id": str(gateway.pk), "carrier": str(carrier.pk), "ipv4": gateway.ipv4}
    known = {**(carrier.registration or {}), "name": carrier.name, "trunk_type": carrier.trunk_type}
    known = {name: value for name, value in known.items() if value}
    first, *others = gateways or [{}]
    values = filled({**stored, **first}, *others, initial=1, **{**known, **fields})
    return staff.post(page_of(carrier), values)


class TestChange:
    def test_a_blank_password_stays_the_stored_one(self, registering, staff):
        change(staff, registering, username="other")
        registering.refresh_from_db()
        assert registering.registration["username"] == "other"
        assert registering.password() == "hunter2"
        assert registering.status == "pending"

    def test_a_new_password_takes_its_place(self, registering, staff):
        change(staff, registering, password="correct")
        registering.refresh_from_db()
        assert registering.password() == "correct"

    def test_another_trunk_type_brings_its_own_credentials(self, registering, staff):
        page = change(staff, registering, trunk_type="auth", realm="")
        assert "Required with this trunk type" in str(errors_of(page)["password"])
        change(staff, registering, trunk_type="auth", realm="", password="fresh")
        registering.refresh_from_db()
        assert (registering.registration, registering.inbound_auth) == (None, {"username": "acme"})
        assert registering.password() == "fresh"

    def test_a_gateway_is_added_and_one_is_taken_away(self, registering, staff):
        other = {"ipv4": "198.51.100.10"}
        change(staff, registering, {"DELETE": "on"}, other, password="again")
        assert registering.gateways.get().ipv4 == "198.51.100.10"

    def test_a_gateway_that_stays_keeps_its_sid(self, registering, staff):
        sid = registering.gateways.get().pk
        change(staff, registering, {}, {"ipv4": "198.51.100.10"}, password="again")
        assert registering.gateways.count() == 2
        assert registering.gateways.order_by("position").first().pk == sid

    def test_the_last_gateway_cannot_be_taken_away(self, registering, staff):
        page = change(staff, registering, {"DELETE": "on"})
        assert "at least one gateway" in str(errors_of(page)["__all__"])

    def test_a_name_alone_asks_the_platform_and_keeps_the_rest(self, registering, staff):
        change(staff, registering, name="Renamed")
        registering.refresh_from_db()
        assert (registering.name, registering.password()) == ("Renamed", "hunter2")
        event = registering.organization.events.get(action="carrier.changed")
        assert event.actor_kind == "staff"

    def test_nothing_changed_asks_for_nothing(self, registering, staff):
        response = change(staff, registering)
        assert told(response) == ["Nothing was changed."]
        assert not Operation.objects.filter(status="open").exists()

    def test_the_status_cannot_be_written(self, registering, staff):
        change(staff, registering, status="failed", is_installation_default="on", version="7")
        registering.refresh_from_db()
        assert (registering.status, registering.is_installation_default) == ("active", False)

    def test_a_stored_password_that_cannot_be_read_is_said_beside_the_field(
        self, registering, staff
    ):
        Carrier.objects.filter(pk=registering.pk).update(sealed="garbage")
        page = change(staff, registering, username="other")
        assert "cannot be read" in str(errors_of(page)["password"])


class TestActions:
    def test_retry_of_a_failed_carrier(self, alice, staff):
        carrier = alice.organization.carriers.get()
        Carrier.objects.update(status="failed", error_message="No answer.")
        assert "No answer." in text_of(staff.get(page_of(carrier)))
        staff.post(do("retry", carrier))
        carrier.refresh_from_db()
        assert carrier.status == "pending"

    def test_defaults_move(self, alice, mallory, staff):
        second = factories.create_carrier(alice.by, name="Second")
        staff.post(do("default", second))
        assert alice.organization.carriers.get(is_default=True) == second
        staff.post(do("installation-default", mallory.organization.carriers.get()))
        staff.post(do("installation-default", second))
        assert Carrier.objects.get(is_installation_default=True) == second

    def test_deleting_says_what_is_lost(self, alice, staff):
        question = text_of(staff.get(do("delete", alice.organization.carriers.get())))
        assert "taken off Sandbox" in question
        assert "no default carrier" in question

    def test_a_carrier_with_numbers_stays_and_they_are_named(self, alice, staff):
        carrier = alice.organization.carriers.get()
        factories.create_number(alice.by)
        assert "1 numbers are on it" in text_of(staff.get(do("delete", carrier)))
        response = staff.post(do("delete", carrier), {"confirmed": "yes"})
        assert "still has numbers: +18005551234" in told(response)[0]
        carrier.refresh_from_db()
        assert carrier.status == "active"

    def test_a_deleted_carrier_is_read_only_and_cannot_be_a_default(self, alice, staff):
        carrier = alice.organization.carriers.get()
        staff.post(do("delete", carrier), {"confirmed": "yes"})
        carrier.refresh_from_db()
        assert carrier.status == "deleted"
        assert staff.get(page_of(carrier)).status_code == 200
        assert staff.post(page_of(carrier), filled({})).status_code == 403
        for action in ("default", "installation-default"):
            assert "is deleted" in told(staff.post(do(action, carrier)))[-1]


def test_an_operator_who_may_only_read_gets_no_form(alice):
    user = User.objects.create_user("oscar@example.com", "correct horse battery", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_carrier"))
    reader = Client()
    reader.force_login(user)
    carrier = alice.organization.carriers.get()
    page = text_of(reader.get(page_of(carrier)))
    assert "198.51.100.7" in page
    assert "gateways-0-ipv4" not in page
    assert reader.post(page_of(carrier), filled({})).status_code == 403


def test_more_rows_cost_no_more_queries(alice, staff, django_assert_num_queries):
    staff.get(LIST)
    with CaptureQueriesContext(connection) as captured:
        staff.get(LIST)
    for n in range(6):
        factories.create_carrier(alice.by, name=f"Trunk {n}")
    with django_assert_num_queries(len(captured)):
        staff.get(LIST)
