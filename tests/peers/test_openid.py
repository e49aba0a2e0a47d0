"""Signing in by somebody else's OpenID Connect provider: the certified npm package
`oidc-provider`, with its own pages to sign in and to consent."""

import json
import re
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from config.sign_in import build_openid_connect_settings
from organizations.accounts import invitations
from organizations.models import User
from organizations.web.views.base import screen_url
from tests.support import factories
from tests.support.node_peers import openid_provider

pytestmark = [pytest.mark.peers, pytest.mark.django_db]
HERE, CALLBACK = "http://testserver", "/accounts/oidc/sso/login/callback/"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    accounts = tmp_path_factory.mktemp("openid") / "accounts.json"
    with openid_provider(HERE + CALLBACK, accounts) as url:
        yield SimpleNamespace(url=url, accounts=accounts)


@pytest.fixture
def knows(provider, settings):
    """`knows(dave={…})`: who has an account there, with which claims; Patchbay is set to it."""
    settings.SOCIALACCOUNT_PROVIDERS = build_openid_connect_settings(
        f"{provider.url}/", client_id="patchbay", secret="of-nobody", name="Acme"
    )

    def tell(**accounts):
        provider.accounts.write_text(json.dumps(accounts))

    return tell


def claims(name: str, *, verified: object = True) -> dict:
    return {"email": f"{name}@example.com", "email_verified": verified, "name": name.title()}


class Visitor:
    """At Patchbay and at the provider, with the cookies of both."""

    def __init__(self, there: httpx.Client):
        self.here = Client()
        self.there = there
        self.asked: list[str] = []  # by the provider's pages

    def come(self, who: str, *, door: str = "/accounts/login/", cancels: bool = False):
        """By the link on a page of ours, until the provider has sent us back."""
        return self.follow(self.here.get(door).text, who, cancels)

    def follow(self, page: str, who: str, cancels: bool = False):
        link = re.search(r'href="(/accounts/oidc/sso/login/\?[^"]+)"', page)[1]
        answer = self.there.get(self.here.get(link.replace("&amp;", "&"))["Location"])
        while not (back := self.callback(answer)):
            answer = self.next(answer, who, cancels)
        self.last = back
        return self.here.get(back)

    def callback(self, answer: httpx.Response) -> str:
        target = answer.headers.get("location", "")
        return target.removeprefix(HERE) if target.startswith(HERE) else ""

    def next(self, answer: httpx.Response, who: str, cancels: bool) -> httpx.Response:
        if answer.has_redirect_location:
            return self.there.get(answer.url.join(answer.headers["location"]))
        assert answer.status_code == 200, answer.text
        if cancels:
            return self.there.get(answer.url.join(f"{answer.url.path}/abort"))
        form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text))
        self.asked += [form["prompt"]] if "prompt" in form else []
        action = answer.url.join(re.search(r'action="([^"]+)"', answer.text)[1])
        return self.there.post(action, data={**form, "login": who, "password": "whatever"})

    @property
    def is_in(self) -> bool:
        return self.here.get("/").get("Location", "").startswith("/o/")


@pytest.fixture
def visitor():
    with httpx.Client(trust_env=False) as there:
        yield Visitor(there)


def test_who_is_invited_comes_by_the_provider_and_accepts(alice, knows, visitor):
    knows(dave=claims("dave"))
    _made, link = invitations.create_invitation(alice.by, email="dave@example.com", role="user")
    path = urlsplit(link).path
    assert visitor.come("dave", door=path)["Location"] == path
    assert visitor.asked == ["login", "consent"]
    assert "Welcome" in visitor.here.post(path, follow=True).text
    dave = User.objects.get(email="dave@example.com")
    assert (dave.name, dave.has_usable_password()) == ("Dave", False)
    assert visitor.is_in


def test_a_member_signs_in_again_and_nothing_is_linked(alice, knows, visitor):
    knows(alice=claims("alice"))
    for asked in (["login", "consent"], []):  # the provider remembers the second time
        visitor.asked.clear()
        assert visitor.come("alice")["Location"] == "/"
        assert (visitor.is_in, visitor.asked) == (True, asked)
        visitor.here.post("/accounts/logout/")
    assert User.objects.get(email="alice@example.com").check_password(PASSWORD)
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (claims("stranger"), "Nobody has invited you yet"),
        (claims("alice", verified=False), "Your e-mail is not verified"),
        (claims("alice", verified="true"), "Your e-mail is not verified"),
        ({"name": "No e-mail"}, "Your e-mail is not verified"),
        (claims("al\u0131ce"), "letters that look like others"),
    ],
)
def test_who_stays_out_and_is_told_why(alice, knows, visitor, said, told):
    knows(mallory=said)
    before = User.objects.count()
    answer = visitor.come("mallory")
    assert (answer.status_code, told in answer.text) == (403, True)
    assert (visitor.is_in, User.objects.count()) == (False, before)


def test_who_stays_out_may_come_as_somebody_else(alice, knows, visitor):
    knows(dave=claims("dave"), stranger=claims("stranger"))
    _made, link = invitations.create_invitation(alice.by, email="dave@example.com", role="user")
    page = visitor.come("stranger", door=urlsplit(link).path).text
    assert "There you are stranger@example.com." in page
    assert visitor.follow(page, "dave")["Location"] == urlsplit(link).path
    assert visitor.asked == ["login", "consent"] * 2


def test_the_account_goes_with_the_e_mail_not_with_the_identity(alice, knows, visitor):
    knows(somebody=claims("alice"))
    visitor.come("somebody")
    assert visitor.is_in
    visitor.here.post("/accounts/logout/")
    knows(somebody=claims("moved"))
    assert visitor.come("somebody").status_code == 403


def test_a_code_is_good_once_and_only_in_the_browser_that_asked(alice, knows, visitor):
    knows(alice=claims("alice"))
    visitor.come("alice")
    for other in (visitor.here, Client()):
        answer = other.get(visitor.last)
        assert (answer.status_code, "did not work" in answer.text) == (401, True)


def test_what_the_provider_refuses_is_in_the_log(alice, knows, visitor, settings, caplog):
    knows(alice=claims("alice"))
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["secret"] = "wrong"
    assert visitor.come("alice").status_code == 401
    assert "401 of type 'application/json; charset=utf-8' at '/token'" in caplog.text


def test_a_provider_that_goes_away_meanwhile_is_told(alice, knows, visitor, monkeypatch, settings):
    knows(alice=claims("alice"))
    here = visitor.here.get
    gone = build_openid_connect_settings(
        "http://127.0.0.1:9", client_id="patchbay", secret="", name="Acme"
    )

    def get(path):
        if path.startswith(CALLBACK):
            settings.SOCIALACCOUNT_PROVIDERS = gone
        return here(path)

    monkeypatch.setattr(visitor.here, "get", get)
    assert visitor.come("alice").status_code == 503


def test_who_stops_there_is_back_at_the_door(alice, knows, visitor):
    answer = visitor.come("alice", cancels=True)
    assert "You stopped at the provider" in visitor.here.get(answer["Location"]).text
    assert not visitor.is_in


def test_ones_second_factor_is_asked_for_all_the_same(alice, knows, visitor):
    knows(alice=claims("alice"))
    TOTP.activate(alice.user, generate_totp_secret())
    RecoveryCodes.activate(alice.user)
    code = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()[0]
    ask = visitor.come("alice")["Location"]
    assert (ask, visitor.is_in) == ("/accounts/2fa/authenticate/", False)
    visitor.here.post(ask, {"code": "000000"})
    assert not visitor.is_in
    visitor.here.post(ask, {"code": code})
    assert visitor.is_in


def test_who_must_have_a_second_factor_and_has_no_password_enrols_one(
    alice, knows, visitor, settings
):
    settings.REQUIRE_MFA = "everybody"
    knows(dave=claims("dave"))
    dave = User.objects.create_user("dave@example.com", None)
    factories.add_member(alice.by, user=dave, role="user")
    visitor.come("dave")
    numbers = screen_url(alice.organization, "numbers")
    assert visitor.here.get(numbers)["Location"] == "/accounts/2fa/"
    assert visitor.here.get("/accounts/2fa/totp/activate/").status_code == 200
    TOTP.activate(dave, generate_totp_secret())
    assert visitor.here.get(numbers).status_code == 200
