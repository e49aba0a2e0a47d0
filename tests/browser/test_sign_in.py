"""Coming in, in a real browser: invited, with a second factor, with a passkey, and locked out."""

import re
import time
from urllib.parse import urlsplit

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from playwright.sync_api import Page, expect

from organizations.accounts.invitations import create_invitation
from tests.support import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def forget_failures(transactional_db):
    """The table of failed sign-ins is no model's: the test database keeps it."""
    cache.clear()
    yield
    cache.clear()


def sign_in(page: Page, email: str = "alice@example.com", password: str = PASSWORD) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").last.click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def confirm_access(page: Page) -> None:
    """What concerns the account's safety asks for the password again."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def totp_code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def expect_signed_in(page: Page) -> None:
    expect(page.get_by_role("link", name="Members")).to_be_visible()


def test_an_app_is_enrolled_and_asked_for_and_a_recovery_code_helps(page: Page, complaints):
    factories.create_ready_member("Alice", trunk="Acme Trunk")
    sign_in(page)
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Set up").click()
    confirm_access(page)
    secret = page.locator(".steps .mono").inner_text()
    page.get_by_label("code").fill(totp_code(secret))
    page.get_by_role("button", name="Switch on").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    recovery = page.locator(".codes li").first.inner_text()
    sign_out(page)
    sign_in(page)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    expect(page.get_by_label("code")).to_be_focused()
    cache.clear()  # a code is good once; the next half minute is too far away for a test
    page.get_by_label("code").fill(totp_code(secret))
    page.get_by_role("button", name="Sign in").click()
    expect_signed_in(page)
    sign_out(page)
    sign_in(page)
    page.get_by_label("code").fill(recovery)
    page.get_by_role("button", name="Sign in").click()
    expect_signed_in(page)
    assert not complaints


def test_a_passkey_signs_in_alone(page: Page, complaints):
    factories.create_ready_member("Alice", trunk="Acme Trunk")
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    sign_in(page)
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Add a passkey").click()
    confirm_access(page)
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto("/accounts/2fa/passkeys/")
    expect(page.get_by_text("Passkey: signs in alone")).to_be_visible()
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect_signed_in(page)
    assert not complaints


def test_a_passkey_that_cannot_be_used_says_why(page: Page, live_server, complaints):
    page.goto(f"{live_server.url.replace('localhost', '127.0.0.1')}/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("this address is neither")
    assert not complaints


def test_who_is_invited_sees_the_organization(page: Page, complaints):
    alice = factories.create_ready_member("Alice", trunk="Acme Trunk")
    _made, link = create_invitation(alice.by, email="dave@example.com", role="user")
    page.goto(urlsplit(link).path)
    page.get_by_label("Your name").fill("Dave")
    page.get_by_label("Password").fill("a quiet river at noon")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("Welcome to Alice's.")).to_be_visible()
    page.get_by_role("link", name="Members").click()
    expect(page.get_by_role("rowheader", name="Dave")).to_be_visible()
    assert not complaints


def test_a_refused_form_puts_the_cursor_where_it_is_wrong(page: Page):
    alice = factories.create_ready_member("Alice", trunk="Acme Trunk")
    _made, link = create_invitation(alice.by, email="dave@example.com", role="user")
    page.goto(urlsplit(link).path)
    page.get_by_label("Password").fill("12345678")
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_text("too common")).to_be_visible()
    expect(page.get_by_label("Password")).to_be_focused()


def test_wrong_passwords_lock_out_and_say_for_how_long(page: Page, complaints):
    factories.create_member("Alice")
    for _ in range(5):
        sign_in(page, password="wrong")
        expect(page.get_by_role("alert")).to_be_visible()
    sign_in(page)
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Try again in \d minutes"))
    assert not complaints
