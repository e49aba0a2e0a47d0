"""What the log tells of a sign-in by OpenID Connect that failed: enough to mend it, no token, and
no word of a passer-by."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from requests import Response
from requests.adapters import HTTPAdapter

from config.sign_in import build_openid_connect_settings

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/oidc/sso/login/"
PLACES = """{
  "issuer": "https://id.example", "jwks_uri": "https://id.example/keys",
  "authorization_endpoint": "https://id.example/authorize",
  "token_endpoint": "https://id.example/token",
  "userinfo_endpoint": "https://id.example/me"
}"""
TOKENS = """{
  "access_token": "ACCESS-TOKEN", "refresh_token": "REFRESH-TOKEN", "id_token": "x.y.z"
}"""


@pytest.fixture
def answers(settings, monkeypatch):
    """What the provider answers at each path: status, type, body."""
    told = {"/.well-known/openid-configuration": (200, "application/json", PLACES)}
    settings.SOCIALACCOUNT_PROVIDERS = build_openid_connect_settings(
        "https://id.example", client_id="x", secret="y", name="Acme"
    )

    def send(adapter, asked, **how):
        answer = Response()
        answer.request, answer.url = asked, asked.url
        answer.status_code, answer.headers["Content-Type"], body = told[urlsplit(asked.url).path]
        answer._content = body.encode()
        return answer

    monkeypatch.setattr(HTTPAdapter, "send", send)
    return told


def come_back(**query: str):
    """Whoever began the sign-in, as the provider sends them back."""
    browser = Client()
    begun = parse_qs(urlsplit(browser.get(LOGIN)["Location"]).query)
    return browser.get(f"{LOGIN}callback/", {"state": begun["state"][0], **query})


@pytest.mark.parametrize(
    ("at", "answer", "told"),
    [
        ("/token", (200, "text/plain", TOKENS), "OAuth2Error; the provider last answered 200 of"),
        ("/token", (401, "application/json", TOKENS), "401 of type 'application/json' at '/token'"),
        ("/me", (403, "text/html", TOKENS), "HTTPError; the provider last answered 403 of"),
        ("/me", (200, "application/json", "{}"), "OAuth2Error by DecodeError; the provider last"),
    ],
)
def test_what_went_wrong_at_the_provider_without_its_body(answers, caplog, at, answer, told):
    answers["/token"] = (200, "application/json", TOKENS.replace("\n", "").replace("{  ", "{"))
    answers[at] = answer
    assert come_back(code="one").status_code == 401
    assert told in caplog.text
    assert "-TOKEN" not in caplog.text


def test_what_the_provider_said_of_it_cut_and_on_one_line(answers, caplog):
    said = {"error": "server_error", "error_description": "Out of\nservice" + "!" * 300}
    come_back(**said)
    (line,) = [r for r in caplog.records if r.name == "organizations.accounts.sign_in"]
    assert line.levelname == "ERROR"
    assert r"error 'server_error', error_description 'Out of\nservice!!" in line.getMessage()
    assert line.getMessage().count("!") == 200 - len("Out of\nservice")


@pytest.mark.parametrize("state", [{}, {"state": "made-up"}])
def test_a_passer_by_writes_nothing_of_theirs(answers, caplog, state):
    said = {"error": "THEIRS", "error_description": "THEIRS", **state}
    assert Client().get(f"{LOGIN}callback/", said).status_code == 401
    (line,) = [r for r in caplog.records if r.name == "organizations.accounts.sign_in"]
    assert line.levelname == "WARNING"
    assert "THEIRS" not in caplog.text
    assert "made-up" not in caplog.text
