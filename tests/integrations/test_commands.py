"""manage.py connect and rotate_secrets."""

import io

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import TextField

from integrations.connections import encryption
from integrations.ledger import operation_requests, worker
from integrations.models import Integration
from integrations.providers.base import AccountField
from integrations.providers.sandbox import Sandbox
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def stdin(monkeypatch):
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


def connect(member, *more: str, name: str = "Second", kind: str = "sandbox") -> str:
    out = io.StringIO()
    organization = member.organization.public_id
    options = ["--organization", organization, "--name", name]
    call_command("connect", kind, *options, *more, stdout=out)
    return out.getvalue()


class TestConnect:
    def test_it_is_checked_in_this_process_and_connected(self, alice):
        assert "nothing here is real" in connect(alice)
        second = alice.organization.integrations.get(name="Second")
        assert second.state == "connected"
        assert not alice.organization.default_integrations.filter(integration=second).exists()

    def test_it_becomes_the_default_for_all_that_it_can_do(self, alice):
        connect(alice, "--make-default")
        defaults = alice.organization.default_integrations.filter(integration__name="Second")
        assert set(defaults.values_list("role", flat=True)) == Sandbox.roles

    def test_refused_credentials_end_with_1_and_the_platform_s_sentence(self, alice, stdin):
        stdin("wrong\n")
        with pytest.raises(CommandError, match="does not accept this access code") as refused:
            connect(alice, "access_code=-", "--make-default")
        assert refused.value.returncode == 1
        assert alice.organization.integrations.get(name="Second").state == "refused"
        defaults = alice.organization.default_integrations
        assert not defaults.filter(integration__name="Second").exists()

    def test_a_platform_that_is_out_ends_with_2(self, alice, monkeypatch):
        def out(self):
            raise worker.Unavailable("The sandbox is out.")

        monkeypatch.setattr(Sandbox, "check", out)
        with pytest.raises(CommandError, match="The sandbox is out") as later:
            connect(alice)
        assert later.value.returncode == 2
        assert alice.organization.integrations.get(name="Second").state == "checking"

    def test_a_secret_in_the_arguments_is_refused_before_anything_is_stored(self, alice):
        with pytest.raises(CommandError, match="everybody on this machine can read arguments"):
            connect(alice, "access_code=hunter2")
        assert not alice.organization.integrations.filter(name="Second").exists()

    def test_a_secret_may_come_from_the_environment(self, alice, monkeypatch):
        monkeypatch.setenv("PATCHBAY_CONNECT_ACCESS_CODE", "from the environment")
        connect(alice)
        second = alice.organization.integrations.get(name="Second")
        assert second.account() == {"access_code": "from the environment"}

    def test_a_terminal_is_asked_for_a_secret_that_is_required(self, alice, monkeypatch):
        token = AccountField("token", "Token", secret=True)
        monkeypatch.setattr(Sandbox, "fields", (token,))
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("getpass.getpass", lambda prompt: f"answer to {prompt.strip()}")
        connect(alice)
        second = alice.organization.integrations.get(name="Second")
        assert second.account() == {"token": "answer to Token:"}

    def test_a_missing_field_is_named(self, alice, monkeypatch, stdin):
        stdin("")
        monkeypatch.setattr(Sandbox, "fields", (AccountField("token", "Token", secret=True),))
        with pytest.raises(CommandError, match="token: Token is required"):
            connect(alice)

    @pytest.mark.parametrize(
        ("argument", "complaint"),
        [("color=red", "no field color.*access_code"), ("red", "FIELD=VALUE, not red")],
    )
    def test_a_field_that_is_none_is_refused_with_those_there_are(self, alice, argument, complaint):
        with pytest.raises(CommandError, match=complaint):
            connect(alice, argument)

    def test_the_same_name_gets_new_credentials(self, alice, stdin):
        stdin("fresh\n")
        connect(alice, "access_code=-", name="Sandbox")
        assert alice.organization.integrations.get().account() == {"access_code": "fresh"}

    def test_the_audit_log_names_the_command_and_no_secret(self, alice, stdin):
        stdin("hunter2\n")
        connect(alice, "access_code=-")
        event = alice.organization.events.filter(action="integration.connecting").latest("id")
        assert event.actor_label == "manage.py connect"
        assert "hunter2" not in str(vars(event))


def rotate() -> str:
    out = io.StringIO()
    call_command("rotate_secrets", stdout=out, stderr=out)
    return out.getvalue()


REGISTRATION = {"username": "acme", "password": "hunter2"}


def registering_carrier(member):
    return factories.create_carrier(
        member.by, name="Reg", trunk_type="reg", registration=REGISTRATION
    )


class TestRotateSecrets:
    def test_afterwards_the_old_key_is_not_needed(self, alice, keys):
        carrier = registering_carrier(alice)
        candidate = alice.organization.integrations.get()
        operation_requests.connect_integration(
            alice.by, kind="sandbox", name="Sandbox", account={"access_code": "candidate"}
        )
        keys("new", "old")
        assert "carriers.Carrier.sealed: 1 rotated" in rotate()
        keys("new")
        candidate.refresh_from_db()
        carrier.refresh_from_db()
        assert candidate.candidate_account() == {"access_code": "candidate"}
        assert candidate.account() == {}
        assert carrier.password() == "hunter2"

    def test_run_again_it_leaves_everything_alone(self, alice, keys):
        keys("new", "old")
        rotate()
        before = list(Integration.objects.values_list("sealed"))
        assert "integrations.Integration.sealed: 1 up to date" in rotate()
        assert list(Integration.objects.values_list("sealed")) == before

    def test_what_cannot_be_read_is_named_and_stops_nothing(self, alice, keys, capsys):
        carrier = registering_carrier(alice)
        keys("lost")
        integration = alice.organization.integrations.get()
        integration.keep_secrets({"access_code": "unreadable"})
        integration.save()
        keys("new", "old")
        out = io.StringIO()
        with pytest.raises(CommandError, match="1 could not be read"):
            call_command("rotate_secrets", stdout=out, stderr=out)
        assert str(integration.pk) in out.getvalue()
        keys("new")
        carrier.refresh_from_db()
        assert carrier.password() == "hunter2"

    def test_batches_leave_nobody_out(self, alice, keys, monkeypatch):
        monkeypatch.setattr("integrations.management.commands.rotate_secrets.BATCH_SIZE", 2)
        for number in range(4):
            factories.create_sandbox(alice.by, name=f"Sandbox {number}", default=False)
        keys("new", "old")
        assert "integrations.Integration.sealed: 5 rotated" in rotate()

    def test_a_secret_that_is_changed_meanwhile_stays_the_newer_one(self, alice, keys, monkeypatch):
        integration = alice.organization.integrations.get()
        keys("new", "old")
        reseal = encryption.reencrypt_text

        def slow(sealed: str) -> str:
            changed = Integration.objects.get(pk=integration.pk)
            changed.keep_secrets({"access_code": "newer"})
            changed.save()
            return reseal(sealed)

        monkeypatch.setattr(encryption, "reencrypt_text", slow)
        assert "1 changed meanwhile" in rotate()
        integration.refresh_from_db()
        assert integration.secrets() == {"access_code": "newer"}

    def test_every_sealed_column_is_known(self):
        sealed = {
            (model._meta.label, field.name)
            for model in apps.get_models()
            for field in model._meta.fields
            if isinstance(field, TextField) and field.name in ("sealed", "candidate")
        }
        assert set(encryption.encrypted_columns) == sealed
        assert len(encryption.encrypted_columns) == len(sealed)
