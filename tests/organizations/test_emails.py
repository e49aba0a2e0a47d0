"""One e-mail is one person: capitals do not matter, letters that look alike do."""

from importlib import import_module
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from django.apps import apps
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client, RequestFactory

from organizations.accounts import invitations
from organizations.accounts.email_verification import mark_unverified
from organizations.accounts.sign_in.oidc import SingleProviderAdapter
from organizations.models import User
from tests.support import factories

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
KELVIN = "mi\u212ae@example.com"  # whose small letter is k


def sign_in(email: str, password: str = PASSWORD):
    return Client().post("/accounts/login/", {"login": email, "password": password})


def come(email: str, said: str | None = None) -> User:
    """By the provider; allauth hands the e-mail over in small letters, and what was said."""
    request = RequestFactory().get("/")
    login = SimpleNamespace(
        email_addresses=[EmailAddress(email=email.lower(), verified=True)],
        state={"process": "login"},
        account=SimpleNamespace(extra_data={"userinfo": {"email": said or email}}),
        user=None,
    )
    SingleProviderAdapter(request).pre_social_login(request, login)
    return login.user


@pytest.fixture
def mike(db) -> User:
    return factories.create_member("Mike").user


class TestSpelling:
    def test_small_letters_are_kept_and_look_alikes_are_not_made_the_same(self):
        users = [User.objects.create_user(e, PASSWORD) for e in (" Susi@Example.com", "ſusi@a.de")]
        assert [user.email for user in users] == ["susi@example.com", "ſusi@a.de"]

    @pytest.mark.parametrize("typed", ["MIKE@example.com", "mike@EXAMPLE.com", "mike@example.com"])
    def test_capitals_do_not_matter(self, mike, typed):
        assert User.objects.get_by_natural_key(typed) == mike
        assert sign_in(typed).status_code == 302

    @pytest.mark.parametrize("typed", ["mıke@example.com", "MıKE@example.com"])
    def test_another_letter_is_another_person(self, mike, typed):
        with pytest.raises(User.DoesNotExist):
            User.objects.get_by_natural_key(typed)
        assert sign_in(typed).status_code == 200

    def test_commands_take_capitals(self, mike, alice):
        org = alice.organization.public_id
        call_command("add_member", "--organization", org, "--user", "MIKE@example.com")
        assert alice.organization.memberships.filter(user=mike).exists()


class TestFromBefore:
    """Rows with capitals, as they were stored once."""

    def lower(self) -> None:
        migration = import_module("organizations.migrations.0005_canonical_emails")
        migration.lower(apps, None)

    def test_they_are_lowered(self, mike, alice):
        made, _link = invitations.create_invitation(alice.by, email="dave@example.com", role="user")
        User.objects.filter(pk=mike.pk).update(email="Mike@Example.com")
        type(made).objects.update(email="Dave@example.com")
        self.lower()
        assert sign_in("mike@example.com").status_code == 302
        assert invitations.has_open_invitation("DAVE@example.com")

    def test_of_two_one_signs_in_and_the_other_is_found_by_its_own_spelling(self, mike):
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX user_email_any_case")
        other = User.objects.create_user("other@example.com", "a quiet river at noon")
        User.objects.filter(pk=other.pk).update(email="Mike@example.com")
        self.lower()
        assert User.objects.with_email("Mike@example.com") == other
        for typed in ("mike@example.com", "MIKE@example.com"):
            assert User.objects.with_email(typed) == mike
            assert sign_in(typed).status_code == 302
        assert sign_in("Mike@example.com", "a quiet river at noon").status_code == 200


class TestTakingOver:
    @pytest.mark.parametrize("email", ["mıke@example.com", KELVIN])
    def test_the_provider_says_a_look_alike(self, mike, email):
        with pytest.raises(ImmediateHttpResponse) as refused:
            come(email)
        answer = refused.value.response
        assert (answer.status_code, "letters that look like" in answer.text) == (403, True)

    def test_the_provider_says_the_e_mail_in_capitals(self, mike):
        assert come("MIKE@example.com") == mike

    def test_an_invitation_of_a_look_alike_is_another_account(self, alice, mike):
        _made, link = invitations.create_invitation(alice.by, email="mıke@example.com", role="user")
        new = {"name": "Evil", "password": "a quiet river at noon"}
        assert Client().post(urlsplit(link).path, new).status_code == 302
        assert sign_in("mike@example.com").status_code == 302
        assert sign_in("mike@example.com", new["password"]).status_code == 200
        assert not alice.organization.memberships.filter(user=mike).exists()

    def test_a_look_alike_is_awaited_for_nobody_else(self, alice):
        invitations.create_invitation(alice.by, email="mıke@example.com", role="user")
        assert not invitations.has_open_invitation("mike@example.com")

    def test_a_mailbox_that_was_given_up_resets_nothing(self, mike, settings):
        """An operator changed the e-mail; allauth still remembers the old one."""
        settings.CAN_MAIL = True
        mark_unverified(mike)
        User.objects.filter(pk=mike.pk).update(email="new@example.com")
        Client().post("/accounts/password/reset/", {"email": "mike@example.com"})
        assert [message.to for message in mail.outbox] == [["new@example.com"]]


class TestLockOut:
    def test_look_alikes_are_no_further_guesses(self):
        factories.create_member("Susi")
        for email in ("susi@example.com", "ſusi@example.com"):
            for _ in range(5):
                sign_in(email, "wrong")
        assert "Too many" in sign_in("susi@example.com").text
        assert [sign_in(e).status_code for e in ("ſusi@example.com", "suſi@example.com")] == [
            200,
            200,
        ]

    def test_the_kelvin_sign_counts_as_a_k(self, mike):
        for _ in range(5):
            sign_in(KELVIN, "wrong")
        assert "Too many" in sign_in("mike@example.com").text


def test_who_got_another_e_mail_signs_in_with_that_one_alone(alice, staff, client):
    """An operator's change; the account was made by an invitation's link."""
    mark_unverified(alice.user)
    form = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0", "is_active": "on"}
    page = f"/admin/organizations/user/{alice.user.pk}/change/"
    assert staff.post(page, {**form, "email": "new@example.com"}).status_code == 302
    password = {"password": "correct horse battery"}
    client.post("/accounts/login/", {"login": "alice@example.com", **password})
    assert "_auth_user_id" not in client.session
    client.post("/accounts/login/", {"login": "new@example.com", **password})
    assert client.session["_auth_user_id"] == str(alice.user.pk)
