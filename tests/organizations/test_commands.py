"""manage.py create_user, create_organization, add_member, create_api_key and revoke_api_key."""

import io
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from organizations.models import Organization, User

pytestmark = pytest.mark.django_db


def say(*arguments: str, **options) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue().strip()


@pytest.fixture
def stdin(monkeypatch):
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


class TestCreateUser:
    def test_the_password_comes_from_standard_input(self, stdin):
        stdin("correct horse battery\n")
        say("create_user", "dave@example.com", "--name", "Dave", "--password-stdin")
        dave = User.objects.get(email="dave@example.com")
        assert dave.check_password("correct horse battery")
        assert (dave.name, dave.is_staff, dave.is_superuser) == ("Dave", False, False)

    def test_staff_may_do_everything_in_the_admin(self, stdin):
        stdin("correct horse battery\n")
        say("create_user", "dave@example.com", "--staff", "--password-stdin")
        dave = User.objects.get(email="dave@example.com")
        assert dave.has_perm("numbers.delete_phonenumber")

    def test_a_terminal_is_asked_until_both_passwords_are_the_same_and_good(self, monkeypatch):
        good, weak = "correct horse battery", "12345678"
        answers = iter([good, "another one", weak, weak, good, good])
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("getpass.getpass", lambda prompt: next(answers))
        say("create_user", "dave@example.com")
        assert User.objects.get(email="dave@example.com").check_password("correct horse battery")

    def test_without_a_terminal_it_says_how_to_give_the_password(self, stdin):
        stdin("")
        with pytest.raises(CommandError, match="--password-stdin"):
            say("create_user", "dave@example.com")

    def test_a_weak_password_is_refused(self, stdin):
        stdin("12345678\n")
        with pytest.raises(CommandError, match="too common"):
            say("create_user", "dave@example.com", "--password-stdin")
        assert not User.objects.exists()

    def test_a_known_e_mail_is_refused_in_any_case(self, alice, stdin):
        stdin("correct horse battery\n")
        with pytest.raises(CommandError, match="already"):
            say("create_user", "ALICE@example.com", "--password-stdin")

    def test_what_is_no_e_mail_is_refused(self, stdin):
        stdin("correct horse battery\n")
        with pytest.raises(CommandError, match="email: "):
            say("create_user", "dave", "--password-stdin")


class TestCreateOrganization:
    def test_the_owner_is_its_admin(self, mallory):
        public_id = say("create_organization", "Acme", "--owner", "MALLORY@example.com")
        acme = Organization.objects.get(public_id=public_id)
        assert acme.name == "Acme"
        assert acme.memberships.get().role == "admin"
        assert acme.memberships.get().user == mallory.user

    def test_an_unknown_owner_is_named(self, db):
        with pytest.raises(CommandError, match="no user nobody@example.com"):
            say("create_organization", "Acme", "--owner", "nobody@example.com")


class TestAddMember:
    @pytest.mark.parametrize("named", ["pk", "public_id"])
    def test_an_organization_goes_by_either_id(self, alice, mallory, named):
        organization = str(getattr(alice.organization, named))
        say(
            "add_member",
            "--organization",
            organization,
            "--user",
            "mallory@example.com",
            "--role",
            "agent_manager",
        )
        assert alice.organization.memberships.get(user=mallory.user).role == "agent_manager"

    def test_nobody_becomes_a_member_twice(self, alice):
        with pytest.raises(CommandError, match="already exists"):
            say(
                "add_member",
                "--organization",
                alice.organization.public_id,
                "--user",
                "alice@example.com",
            )

    @pytest.mark.parametrize(
        "named", ["org_000000000000", "3b31f98e-4796-4f50-997f-9e3505487f41", "Acme"]
    )
    def test_an_unknown_organization_is_named(self, alice, named):
        with pytest.raises(CommandError, match=f"no organization {named}"):
            say("add_member", "--organization", named, "--user", "alice@example.com")


class TestApiKeys:
    def make(self, member, *more: str) -> str:
        return say(
            "create_api_key",
            "--organization",
            member.organization.public_id,
            "--owner",
            member.user.email,
            "--name",
            "billing",
            *more,
        )

    def test_only_the_key_is_printed_and_it_works(self, alice, api):
        program = replace(alice, key_text=self.make(alice))
        assert api(program).get("/v1/phone-numbers").status_code == 200

    def test_scopes_narrow_it(self, alice):
        self.make(alice, "--role", "user", "--scope", "phone_numbers:read")
        key = alice.organization.api_keys.get(name="billing")
        assert (key.role, key.scopes) == ("user", ["phone_numbers:read"])

    def test_an_unknown_scope_is_refused_with_those_there_are(self, alice):
        with pytest.raises(CommandError, match="No such scope: numbers:read.*phone_numbers:read"):
            self.make(alice, "--scope", "numbers:read")

    def test_a_key_is_not_stronger_than_its_owner(self, carol):
        with pytest.raises(CommandError, match="higher role"):
            self.make(carol, "--role", "admin")

    def test_a_revoked_key_is_refused(self, alice, api):
        text = self.make(alice)
        say("revoke_api_key", text.rpartition("_")[0])
        assert api(replace(alice, key_text=text)).get("/v1/phone-numbers").status_code == 401
        with pytest.raises(CommandError, match="revoked before"):
            say("revoke_api_key", text)

    def test_an_unknown_key_is_named(self, alice):
        with pytest.raises(CommandError, match="no key pb_live_0000000000000000"):
            say("revoke_api_key", "pb_live_0000000000000000")
