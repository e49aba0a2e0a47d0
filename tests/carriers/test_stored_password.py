"""A stored SIP password never follows a carrier to another address, by whichever way it is changed:
who may change the address would have the password tried at a server of their own."""

import pytest

from carriers.models import Carrier
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db

URL = "/v1/phone-numbers/carriers"
PASSWORD, FRESH = "s3cret-of-the-carrier", "typed-anew"
ACCOUNT = {"username": "acme", "password": PASSWORD}
TRUNKS = {
    "reg": {"registration": {**ACCOUNT, "realm": "sip.example.com"}},
    "auth": {"inbound_auth": ACCOUNT},
}
HERE = {"ipv4": "sip.example.com", "port": 5060, "netmask": 32, "protocol": "tls"}
HERE |= {"inbound": False, "outbound": True}
ELSEWHERE = {
    "host": {"ipv4": "evil.example"},
    "port": {"port": 5062},
    "protocol": {"protocol": "udp"},
}
each_trunk = pytest.mark.parametrize("trunk", TRUNKS)
each_move = pytest.mark.parametrize("move", ELSEWHERE)


@pytest.fixture
def made(alice, trunk) -> Carrier:
    return factories.create_carrier(
        alice.by, name="X", trunk_type=trunk, gateways=[HERE], **TRUNKS[trunk]
    )


def is_as_before(carrier: Carrier) -> bool:
    carrier.refresh_from_db()
    unmoved = [str(g) for g in carrier.gateways.all()] == ["sip.example.com:5060"]
    return unmoved and carrier.password() == PASSWORD and carrier.status == "active"


def has_moved(carrier: Carrier) -> bool:
    carrier.refresh_from_db()
    return carrier.password() == FRESH and carrier.status == "pending"


class TestTheApi:
    @each_trunk
    @each_move
    def test_another_gateway_needs_it_again(self, bob, api, made, trunk, move):
        moved = {"sip_gateways": [{**HERE, **ELSEWHERE[move]}]}
        answer = api(bob).patch(f"{URL}/{made.pk}", moved)
        (name,) = TRUNKS[trunk]
        assert answer.status_code == 400
        assert [error["path"] for error in answer.json()["errors"]] == [f"{name}.password"]
        assert is_as_before(made)
        fresh = {name: {**TRUNKS[trunk][name], "password": FRESH}}
        assert api(bob).patch(f"{URL}/{made.pk}", {**moved, **fresh}).status_code == 200
        assert has_moved(made)

    @each_trunk
    def test_one_more_gateway_is_another_address_too(self, bob, api, made):
        for one in ({"ipv4": "evil.example"}, {"ipv4": "203.0.113.9", "inbound": True}):
            both = {"sip_gateways": [HERE, {**HERE, **one}]}
            assert api(bob).patch(f"{URL}/{made.pk}", both).status_code == 400
        assert is_as_before(made)

    @each_trunk
    def test_one_that_only_sent_calls_so_far_is_not_called_unasked(self, alice, bob, api, made):
        inward = {**HERE, "ipv4": "203.0.113.9", "inbound": True, "outbound": False}
        path = f"{URL}/{made.pk}"
        assert api(bob).patch(path, {"sip_gateways": [HERE, inward]}).status_code == 200
        both_ways = [HERE, {**inward, "outbound": True}]
        assert api(bob).patch(path, {"sip_gateways": both_ways}).status_code == 400

    @each_trunk
    def test_what_sends_it_nowhere_else_keeps_it(self, bob, api, made):
        path = f"{URL}/{made.pk}"
        same = {**HERE, "ipv4": "SIP.example.com."}
        for change in ({"carrier_name": "Y"}, {"sip_gateways": [same]}):
            assert api(bob).patch(path, change).status_code == 200
        made.refresh_from_db()
        assert made.password() == PASSWORD

    def test_without_a_password_nothing_is_asked_for(self, alice, bob, api):
        plain = factories.create_carrier(alice.by, name="Plain")
        moved = {"sip_gateway": {"ipv4": "203.0.113.9"}}
        assert api(bob).patch(f"{URL}/{plain.pk}", moved).status_code == 200


class TestTheScreens:
    def url(self, member, name: str, **path) -> str:
        return screen_url(member.organization, name, **path)

    def form(self, **changes) -> dict:
        return {name: value for name, value in {**HERE, **changes}.items() if value is not False}

    @each_trunk
    @each_move
    def test_a_gateways_form_asks_for_it(self, bob, browse, made, move):
        url = self.url(
            bob, "carrier_gateway", carrier_id=made.pk, gateway_id=made.gateways.get().pk
        )
        assert 'name="password"' in browse(bob).get(url).text
        page = browse(bob).post(url, self.form(**ELSEWHERE[move]))
        assert page.status_code == 422
        assert "Give it again: the address changes." in page.text
        assert is_as_before(made)
        moved = self.form(**ELSEWHERE[move], password=FRESH)
        assert browse(bob).post(url, moved).status_code == 302
        assert has_moved(made)

    @each_trunk
    def test_a_further_gateways_form_asks_for_it(self, bob, browse, made):
        url = self.url(bob, "carrier_gateway_add", carrier_id=made.pk)
        assert browse(bob).post(url, self.form(ipv4="evil.example")).status_code == 422
        assert is_as_before(made)
        browse(bob).post(url, self.form(ipv4="second.example", password=FRESH))
        assert has_moved(made)

    def test_a_carrier_without_one_has_no_such_field(self, alice, browse):
        plain = factories.create_carrier(alice.by, name="Plain")
        url = self.url(alice, "carrier_gateway_add", carrier_id=plain.pk)
        assert 'name="password"' not in browse(alice).get(url).text

    @pytest.mark.parametrize("trunk", ["reg"])
    @pytest.mark.parametrize("realm", ["evil.example", ""])
    def test_another_registrar_needs_it_again(self, bob, browse, made, realm):
        url = self.url(bob, "carrier_edit", carrier_id=made.pk)
        typed = {"name": "X", "trunk_type": "reg", "username": "acme", "realm": realm}
        page = browse(bob).post(url, {**typed, "password": ""})
        assert page.status_code == 422
        assert "Give it again: the address changes." in page.text
        assert is_as_before(made)
        browse(bob).post(url, {**typed, "password": FRESH})
        assert has_moved(made)


class TestTheAdmin:
    def form(self, carrier: Carrier, trunk: str, **changes) -> dict:
        """As tests/carriers/test_admin.py fills it in."""
        account = {**next(iter(TRUNKS[trunk].values())), "password": ""}
        gateway = {"id": str(carrier.gateways.get().pk), "carrier": str(carrier.pk)}
        gateway |= {**self.plain(HERE), **changes.pop("gateway", {})}
        rows = {f"gateways-0-{name}": value for name, value in gateway.items()}
        counts = {"TOTAL_FORMS": "1", "INITIAL_FORMS": "1"}
        management = {f"gateways-{name}": value for name, value in counts.items()}
        return {"name": "X", "trunk_type": trunk, **account, **changes, **rows, **management}

    def plain(self, gateway: dict) -> dict:
        return {name: str(value) for name, value in gateway.items() if value is not False}

    @each_trunk
    @each_move
    def test_another_gateway_needs_it_again(self, staff, made, trunk, move):
        url = f"/admin/carriers/carrier/{made.pk}/change/"
        gateway = {"gateway": self.plain({**HERE, **ELSEWHERE[move]})}
        page = staff.post(url, self.form(made, trunk, **gateway))
        assert "Give it again: the address changes." in page.render().text
        assert is_as_before(made)
        staff.post(url, self.form(made, trunk, **gateway, password=FRESH))
        assert has_moved(made)

    @pytest.mark.parametrize("trunk", ["reg"])
    def test_another_registrar_needs_it_again(self, staff, made, trunk):
        url = f"/admin/carriers/carrier/{made.pk}/change/"
        page = staff.post(url, self.form(made, trunk, realm="evil.example"))
        assert "Give it again: the address changes." in page.render().text
        assert is_as_before(made)
