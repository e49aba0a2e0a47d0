"""The fake Twilio's own manners, as documented; others judge it in tests/peers/test_twilio.py."""

import httpx
import pytest

from tests.fakes.twilio import FakeTwilio

NUMBERS = "/IncomingPhoneNumbers"


@pytest.fixture
def twilio():
    with FakeTwilio() as fake:
        yield fake


@pytest.fixture
def ask(twilio):
    def say(method, rest, *, user="", secret="", account="", **options):
        auth = (user or twilio.account_sid, secret or twilio.auth_token)
        path = f"/2010-04-01/Accounts/{account or twilio.account_sid}{rest}.json"
        with httpx.Client(base_url=twilio.url, auth=auth, trust_env=False) as client:
            return client.request(method, rest if rest.startswith("/v1") else path, **options)

    return say


def error_codes(answer) -> tuple[int, int]:
    return answer.status_code, answer.json()["code"]


def test_an_error_has_its_four_fields(ask):
    assert ask("GET", "", secret="wrong").json() == {
        "code": 20003,
        "message": "Authenticate",
        "more_info": "https://www.twilio.com/docs/errors/20003",
        "status": 401,
    }


@pytest.mark.parametrize(("key", "account", "numbers", "purchase"), [
    ("main_key", 200, 200, 201),
    ("standard_key", 401, 200, 201),
    ("restricted_key", 403, 200, 403),
])  # fmt: skip
def test_keys_by_kind(twilio, ask, key, account, numbers, purchase):
    who = {"user": getattr(twilio, key), "secret": twilio.key_secret}
    assert ask("GET", "", **who).status_code == account
    assert ask("GET", NUMBERS, **who).status_code == numbers
    bought = ask("POST", NUMBERS, data={"PhoneNumber": "+15550100000"}, **who)
    assert bought.status_code == purchase


def test_paths_that_are_not_ones_own(twilio, ask):
    assert error_codes(ask("GET", "", account=twilio.subaccount_sid)) == (404, 20404)
    assert error_codes(ask("GET", "", account=twilio.main_key)) == (404, 20404)
    assert error_codes(ask("GET", f"{NUMBERS}/PN{'0' * 32}")) == (404, 20404)


def test_test_credentials_open_nothing(twilio, ask):
    assert error_codes(ask("GET", NUMBERS, secret=twilio.test_token)) == (403, 20008)


def test_the_filter_finds_parts(twilio, ask):
    for e164 in ("+15550100001", "+155501000012"):
        twilio.own(e164)
    for wanted in ("+15550100001", "0100001", "+1555*"):
        answer = ask("GET", NUMBERS, params={"PhoneNumber": wanted})
        assert len(answer.json()["incoming_phone_numbers"]) == 2


def test_pages(twilio, ask):
    sids = [twilio.own(f"+1555010000{n}") for n in range(5)]
    body, found = ask("GET", NUMBERS, params={"PageSize": 2}).json(), []
    for _ in range(3):
        found += [row["sid"] for row in body["incoming_phone_numbers"]]
        following = body["next_page_uri"]
        if following:
            auth = (twilio.account_sid, twilio.auth_token)
            body = httpx.get(twilio.url + following, auth=auth, trust_env=False).json()
    assert (found, following) == (sids, None)
    assert error_codes(ask("GET", NUMBERS, params={"PageToken": "PAwrong"})) == (400, 21481)


@pytest.mark.parametrize(
    ("path", "found"), [("US/Local", 30), ("US/Mobile", 404), ("XX/Local", 404)]
)
def test_a_sample_of_what_is_for_sale(ask, path, found):
    answer = ask("GET", f"/AvailablePhoneNumbers/{path}", params={"PageSize": 100})
    if found == 404:
        assert error_codes(answer) == (404, 20404)
    else:
        assert len(answer.json()["available_phone_numbers"]) == found


@pytest.mark.parametrize(("number", "extras", "expected"), [
    ("123", {}, 21421),
    ("+15005550000", {}, 21422),
    ("+15005550001", {}, 21631),
    ("+15005550001", {"AddressSid": f"AD{'0' * 32}"}, None),
    ("+15005550006", {"VoiceUrl": "gopher"}, 21402),
    ("+15005550006", {"TrunkSid": f"TK{'0' * 32}"}, 20001),
])  # fmt: skip
def test_purchases(twilio, ask, number, extras, expected):
    twilio.taken.add("+15005550000")
    twilio.demands["+15005550001"] = 21631
    answer = ask("POST", NUMBERS, data={"PhoneNumber": number, **extras})
    if expected:
        assert error_codes(answer) == (400, expected)
        assert twilio.found(number) == []
    else:
        assert answer.status_code == 201
        assert error_codes(ask("POST", NUMBERS, data={"PhoneNumber": number})) == (400, 21422)


def test_trunk_and_application_displace_each_other(twilio, ask):
    trunk, application = twilio.make_trunk(), twilio.add_application()
    sid = twilio.own("+15550100000")
    for form, expected in (
        ({"TrunkSid": trunk}, (trunk, "")),
        ({"VoiceApplicationSid": application}, (None, application)),
        ({"TrunkSid": trunk, "VoiceUrl": "https://a.example/"}, (trunk, "")),
    ):
        row = ask("POST", f"{NUMBERS}/{sid}", data=form).json()
        assert (row["trunk_sid"], row["voice_application_sid"]) == expected
    assert ask("DELETE", f"/v1/Trunks/{trunk}/PhoneNumbers/{sid}").status_code == 204
    assert ask("DELETE", f"/v1/Trunks/{trunk}/PhoneNumbers/{sid}").status_code == 404
    assert twilio.numbers[sid]["voice_url"] == "https://a.example/"


def test_a_burst_is_turned_away(twilio, ask):
    twilio.burst("/IncomingPhoneNumbers", method="POST", times=2)
    for _ in range(2):
        assert error_codes(ask("POST", NUMBERS, data={"PhoneNumber": "+15550100000"})) == (
            429,
            20429,
        )
    assert twilio.numbers == {}
    assert ask("POST", NUMBERS, data={"PhoneNumber": "+15550100000"}).status_code == 201


def test_a_form_is_asked_for(ask):
    assert error_codes(ask("POST", NUMBERS, json={"PhoneNumber": "+15550100000"})) == (400, 20001)
