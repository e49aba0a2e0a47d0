"""What people do with their own account stands in the audit log of their organizations."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse

from organizations.access.principals import system_principal
from organizations.models import Event, User
from organizations.operations import add_member, create_organization

pytestmark = pytest.mark.django_db
SIGN_IN = "/accounts/login/"
PASSWORD = "correct horse battery"


@pytest.fixture
def zoe(db):
    """A member of two organizations, with a password."""
    user = User.objects.create_user("zoe@example.com", PASSWORD)
    for name in ("One", "Two"):
        organization = create_organization(name=name)
        add_member(system_principal(organization), user=user, role="admin")
    return user


def lines(user, deed: str) -> list[Event]:
    found = Event.objects.filter(subject_id=user.pk, action=f"member.{deed}")
    return list(found.order_by("id"))


def sign_in(password: str = PASSWORD, email: str = "zoe@example.com", **headers) -> Client:
    browser = Client()
    browser.post(SIGN_IN, {"login": email, "password": password}, **headers)
    return browser


def test_signing_in_and_out_is_told_in_each_organization(zoe):
    browser = sign_in(REMOTE_ADDR="192.0.2.7")
    found = lines(zoe, "signed_in")
    assert [each.organization.name for each in found] == sorted_by_id(zoe)
    assert {(e.outcome, e.client_address, e.actor_kind) for e in found} == {
        ("accepted", "192.0.2.7", "member")
    }
    assert all(each.request_id for each in found)
    browser.post("/accounts/logout/")
    assert len(lines(zoe, "signed_out")) == 2


def sorted_by_id(user) -> list[str]:
    rows = user.memberships.order_by("organization_id")
    return list(rows.values_list("organization__name", flat=True))


def test_a_wrong_password_is_told_as_refused_and_by_nobody_known(zoe):
    sign_in("wrong", REMOTE_ADDR="192.0.2.8")
    found = lines(zoe, "sign_in_refused")
    assert len(found) == 2
    assert {(e.outcome, e.actor_kind, e.actor_id, e.client_address) for e in found} == {
        ("refused", "anonymous", "", "192.0.2.8")
    }
    assert "wrong" not in str([each.after for each in found])
    assert not lines(zoe, "signed_in")


def test_an_e_mail_that_nobody_has_is_told_nowhere(zoe):
    before = Event.objects.count()
    sign_in("wrong", email="nobody@example.com")
    assert Event.objects.count() == before


def test_strangers_cannot_fill_the_log(zoe, settings):
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login_failed": "99/m/key"}
    for _each in range(25):
        sign_in("wrong")
    assert len(lines(zoe, "sign_in_refused")) == 2 * 20


def test_a_new_password_is_told(zoe):
    browser = sign_in()
    new = "another horse battery"
    sent = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    browser.post("/accounts/password/change/", sent)
    assert len(lines(zoe, "password_changed")) == 2


def test_a_wrong_code_is_told_as_refused(zoe):
    TOTP.activate(zoe, generate_totp_secret())
    browser = sign_in()
    assert not lines(zoe, "signed_in")
    browser.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert {each.outcome for each in lines(zoe, "sign_in_refused")} == {"refused"}


def test_an_export_of_the_log_is_told(alice):
    browser = Client()
    browser.force_login(alice.user)
    url = reverse("screens:events_export", args=[alice.organization.public_id])
    assert browser.post(url).status_code == 302
    assert alice.organization.events.filter(action="audit_log.exported").count() == 1
