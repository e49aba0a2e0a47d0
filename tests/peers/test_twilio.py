"""Our fake Twilio and our provider, held against what Twilio itself publishes.

Its Python client reads every answer of the fake. Its OpenAPI files, in a Prism proxy between the
provider and the fake, judge every request of the one and every answer of the other.
"""

import re
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from integrations.http.platform_client import PlatformHttpClient
from integrations.providers.base import NumberSpec, Refused, SearchQuery
from integrations.providers.twilio import Twilio
from tests.fakes.twilio import FakeTwilio
from tests.support.jambonz_peer import import_peer_module
from tests.support.node_peers import inspect_with_prism
from tests.support.provider_harness import LOOPBACK, run_attempt, run_removal

pytestmark = pytest.mark.peers
WEBHOOK = "https://hooks.example/voice?number=1&x=%20"


@pytest.fixture(scope="module")
def twilio():
    with FakeTwilio() as fake:
        yield fake


# ----------------------------------------------------------------------- Twilio's Python client


def client_of(twilio: FakeTwilio, *credentials: str):
    rest, http_client = (
        import_peer_module("twilio.rest"),
        import_peer_module("twilio.http.http_client"),
    )

    class Rewriting(http_client.TwilioHttpClient):
        """To the fake, whatever the host; no other one is ever asked."""

        def request(self, method, url, *args, **options):
            parts = urlsplit(url)
            assert parts.hostname in ("api.twilio.com", "trunking.twilio.com")
            here = f"{twilio.url}{parts.path}" + (f"?{parts.query}" if parts.query else "")
            return super().request(method, here, *args, **options)

    credentials = credentials or (twilio.account_sid, twilio.auth_token)
    return rest.Client(
        *credentials,
        account_sid=twilio.account_sid,
        http_client=Rewriting(timeout=5),
        environment={"_": "_"},
    )


@pytest.fixture
def sdk(twilio):
    return client_of(twilio)


@pytest.fixture
def refused():
    return import_peer_module("twilio.base.exceptions").TwilioRestException


def a_number() -> str:
    return f"+1555{uuid4().int % 10**7:07}"


def test_it_reads_the_account(sdk, twilio):
    account = sdk.api.v2010.accounts(twilio.account_sid).fetch()
    assert (account.status, account.type, account.friendly_name) == ("active", "Full", "Acme")
    assert account.owner_account_sid == account.sid


def test_it_lists_over_pages_and_filters(sdk, twilio):
    owned = sorted(a_number() for _ in range(5))
    for e164 in owned:
        twilio.own(e164)
    listed = [row.phone_number for row in sdk.incoming_phone_numbers.list(page_size=2)]
    assert set(owned) <= set(listed)
    assert len(listed) == len(set(listed))
    (found,) = sdk.incoming_phone_numbers.list(phone_number=owned[0][3:])
    assert found.phone_number == owned[0]
    assert found.date_created.tzinfo


def test_it_buys_changes_and_releases(sdk, refused):
    e164 = a_number()
    bought = sdk.incoming_phone_numbers.create(phone_number=e164, voice_url="https://a.example/")
    assert (bought.phone_number, bought.voice_url) == (e164, "https://a.example/")
    changed = sdk.incoming_phone_numbers(bought.sid).update(voice_url="", friendly_name="Desk")
    assert (changed.voice_url, changed.friendly_name) == ("", "Desk")
    assert changed.capabilities["voice"] is True
    assert sdk.incoming_phone_numbers(bought.sid).fetch().friendly_name == "Desk"
    assert sdk.incoming_phone_numbers(bought.sid).delete() is True
    with pytest.raises(refused) as gone:
        sdk.incoming_phone_numbers(bought.sid).fetch()
    assert (gone.value.status, gone.value.code) == (404, 20404)


def test_it_searches(sdk, refused):
    found = sdk.available_phone_numbers("US").local.list(area_code=415)
    assert len(found) == 30
    assert found[0].phone_number.startswith("+1415")
    assert found[0].address_requirements == "none"
    assert sdk.available_phone_numbers("US").toll_free.list(limit=2)
    assert sdk.available_phone_numbers("GB").mobile.list(contains="+4474*")
    with pytest.raises(Exception, match="Unable to fetch page|404"):
        sdk.available_phone_numbers("US").mobile.list()


def test_it_attaches_to_a_trunk_and_detaches(sdk, twilio, refused):
    made = sdk.trunking.v1.trunks.create(friendly_name="T", domain_name="t.pstn.twilio.com")
    assert made.sid in [trunk.sid for trunk in sdk.trunking.v1.trunks.list()]
    sid = twilio.own(a_number(), voice_application_sid=twilio.add_application())
    trunk = sdk.trunking.v1.trunks(made.sid)
    assert trunk.phone_numbers.create(phone_number_sid=sid).trunk_sid == made.sid
    assert [row.sid for row in trunk.phone_numbers.list()] == [sid]
    assert sdk.incoming_phone_numbers(sid).fetch().voice_application_sid == ""
    assert trunk.phone_numbers(sid).delete() is True
    assert not sdk.incoming_phone_numbers(sid).fetch().trunk_sid
    with pytest.raises(refused) as gone:
        trunk.phone_numbers(sid).delete()
    assert gone.value.code == 20404
    assert trunk.fetch().domain_name == "t.pstn.twilio.com"


@pytest.mark.parametrize(("number", "code"), [
    ("123", 21421),
    ("+15005550000", 21422),
    ("+493012345678", 21649),
])  # fmt: skip
def test_it_understands_refused_purchases(sdk, twilio, refused, number, code):
    twilio.taken.add("+15005550000")
    twilio.demands["+493012345678"] = 21649
    with pytest.raises(refused) as no:
        sdk.incoming_phone_numbers.create(phone_number=number)
    assert (no.value.status, no.value.code) == (400, code)


def test_it_is_refused_by_a_wrong_credential(twilio, refused):
    for user, secret in ((twilio.account_sid, "wrong"), (twilio.main_key, "wrong"), ("x", "y")):
        with pytest.raises(refused) as no:
            client_of(twilio, user, secret).api.v2010.accounts(twilio.account_sid).fetch()
        assert (no.value.status, no.value.code) == (401, 20003)


def test_it_works_with_keys_as_they_may(twilio, refused):
    for key in (twilio.main_key, twilio.standard_key, twilio.restricted_key):
        assert client_of(twilio, key, twilio.key_secret).incoming_phone_numbers.page() is not None
    assert (
        client_of(twilio, twilio.main_key, twilio.key_secret)
        .api.v2010.accounts(twilio.account_sid)
        .fetch()
    )
    with pytest.raises(refused) as no:
        client_of(twilio, twilio.restricted_key, twilio.key_secret).incoming_phone_numbers.create(
            phone_number=a_number()
        )
    assert (no.value.status, no.value.code) == (403, 70051)


# --------------------------------------------------------------------- Twilio's OpenAPI files

# In answers, Twilio's own examples and recordings among them: addresses of pages are relative, what
# is unset is "", and coordinates are texts.
KNOWN = re.compile(
    r"(uri|url|status_callback) must match format"
    r"|_sid must (match pattern|NOT have fewer than 34 characters)"
    r"|(latitude|longitude) must be number"
)


@pytest.fixture(scope="module")
def inspectors(twilio):
    with (
        inspect_with_prism(twilio.url) as api,
        inspect_with_prism(twilio.url, "twilio_trunking_v1") as trunking,
    ):
        yield api, trunking


@pytest.fixture
def provider(twilio, inspectors, settings):
    """Opens the provider with these settings, its calls inspected."""
    api, trunking = inspectors
    settings.TWILIO_API_URL, settings.TWILIO_TRUNKING_URL = api.url, trunking.url
    doors = []

    def opened(**account: str) -> Twilio:
        account = {"account_sid": twilio.account_sid, "auth_token": twilio.auth_token, **account}
        origins = Twilio.origins(account)
        door = PlatformHttpClient(
            origins.pop(""),
            more_origins=origins,
            headers={},
            secrets=[twilio.auth_token],
            record=lambda exchange: None,
            allowed_private=LOOPBACK,
        )
        doors.append(door)
        return Twilio(account, door)

    yield opened
    for door in doors:
        door.close()
    for inspector in inspectors:
        assert inspector.about_requests == []
        assert [s for s in inspector.about_responses if not KNOWN.search(s)] == []


def a_spec(**changes) -> NumberSpec:
    return NumberSpec(f"pb-{uuid4().hex}", a_number(), **changes)


def test_the_contract_is_really_held(inspectors, twilio):
    """A request that breaks it is noticed."""
    sid, (api, _) = twilio.own(a_number()), inspectors
    url = f"{api.url}/2010-04-01/Accounts/{twilio.account_sid}/IncomingPhoneNumbers/{sid}.json"
    auth = (twilio.account_sid, twilio.auth_token)
    httpx.post(url, data={"VoiceMethod": "PUT"}, auth=auth)
    assert "VoiceMethod" in api.about_requests.pop()
    assert api.about_requests == []


def test_checks(provider, twilio):
    account = {"trunk_sid": twilio.make_trunk(), "application_sid": twilio.add_application()}
    facts = provider(**account).check().facts
    assert facts["sip_domain"] == "acme.pstn.twilio.com"
    assert facts["application"] == "Reception"
    key = {"api_key_sid": twilio.standard_key, "api_key_secret": twilio.key_secret}
    assert "unknown" in provider(**key).check().summary


def test_searches(provider):
    query = SearchQuery("US", "local", "415", "55501", "San Francisco", "CA", 5)
    assert len(provider().search(query)) == 5
    for kind in ("toll_free", "mobile", "national"):
        provider().search(SearchQuery("GB", kind))


def test_purchases_and_releases(provider, twilio):
    spec = a_spec(purchase={"address_sid": f"AD{'a' * 32}", "bundle_sid": f"BU{'b' * 32}"})
    spec = NumberSpec(**{**vars(spec), "webhook": WEBHOOK, "release": True})
    refs = run_attempt(provider(), spec)
    assert twilio.found(spec.e164)[0]["voice_url"] == WEBHOOK
    assert any(item.ours for item in provider().inventory())
    assert run_removal(provider(), spec, refs=refs) == {}
    assert twilio.found(spec.e164) == []
    twilio.taken.add(spec.e164)
    with pytest.raises(Refused, match="no longer for sale"):
        run_attempt(provider(), spec)


def test_routes_everywhere_and_back(provider, twilio):
    trunk, application = twilio.make_trunk(), twilio.add_application()
    spec = a_spec()
    sid = twilio.own(spec.e164, voice_application_sid=application)
    refs = {}
    for change, account in (
        ({"webhook": WEBHOOK}, {}),
        ({"lands_elsewhere": True}, {"trunk_sid": trunk}),
        ({}, {"application_sid": twilio.add_application()}),
        ({"lands_elsewhere": True}, {"trunk_sid": trunk}),
        ({"webhook": WEBHOOK}, {"trunk_sid": trunk}),
        ({"routed": False}, {}),
    ):
        wish = NumberSpec(**{**vars(spec), **change})
        refs = run_attempt(provider(**account), wish, refs=refs)
    assert twilio.numbers[sid]["voice_application_sid"] == application
    assert not twilio.numbers[sid]["trunk_sid"]
