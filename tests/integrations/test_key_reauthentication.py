"""Programs know at their start whether their encryption keys open what the database has sealed."""

import os
import subprocess
import sys
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection
from psycopg.conninfo import make_conninfo

from config import BASE_DIR
from config.environment import validation
from integrations.connections import key_proof
from integrations.connections.key_proof import WRONG, OutOfReach, keys_open_the_secrets, problem
from integrations.models import Integration, KeyProof
from organizations.tenancy import tenant_scope

OTHER = Fernet.generate_key().decode()


def rotate() -> None:
    call_command("rotate_secrets", stdout=StringIO(), stderr=StringIO())


@pytest.mark.django_db
class TestProof:
    def test_migrate_has_made_it(self):
        assert problem() == ""
        assert KeyProof.objects.count() == 1

    def test_a_wrong_key_is_told_with_what_to_do(self, keys):
        keys("wrong")
        assert problem() == WRONG
        assert "Put that key back" in WRONG
        assert "rotate_secrets" in WRONG

    def test_a_new_key_before_the_old_one_is_right(self, keys):
        keys("new", "old")
        assert problem() == ""

    def test_the_old_key_is_needed_until_all_is_sealed_anew(self, alice, keys):
        keys("new")
        assert problem() == WRONG
        keys("new", "old")
        rotate()
        keys("new")
        assert problem() == ""
        keys("old")
        assert problem() == WRONG

    def test_the_old_key_is_needed_while_something_could_not_be_sealed_anew(self, alice, keys):
        keys("lost")
        integration = alice.organization.integrations.get()
        integration.keep_secrets({"access_code": "unreadable"})
        integration.save()
        keys("new", "old")
        with pytest.raises(CommandError, match="1 could not be read"):
            rotate()
        keys("new")
        assert problem() == WRONG

    def test_in_an_older_installation_the_oldest_key_counts_as_needed(self, alice, keys):
        KeyProof.objects.all().delete()
        keys("new", "old")
        key_proof.make()
        keys("new")
        assert problem() == WRONG

    def test_keys_that_open_nothing_are_not_proven_right(self, alice, keys, caplog):
        KeyProof.objects.all().delete()
        keys("wrong")
        key_proof.make()
        assert not KeyProof.objects.exists()
        assert WRONG in caplog.text
        assert "integrations.Integration.sealed" in caplog.text

    def test_it_is_made_once(self):
        before = KeyProof.objects.get().text
        key_proof.make()
        assert KeyProof.objects.get().text == before

    @pytest.mark.parametrize("login", [tenant_scope.WEB, tenant_scope.WORKER])
    def test_each_role_may_look(self, login, keys):
        with tenant_scope.process(login):
            assert problem() == ""
        keys("wrong")
        with tenant_scope.process(login):
            assert problem() == WRONG


@pytest.mark.django_db
class TestWhereItIsAsked:
    def test_check_and_migrate_refuse(self, keys):
        keys("wrong")
        with pytest.raises(SystemCheckError, match="patchbay.C003"):
            call_command("check", databases=["default"])
        keys("new", "old")
        call_command("check", databases=["default"], verbosity=0)

    def test_without_a_database_there_is_nothing_to_check(self, keys):
        keys("wrong")
        assert keys_open_the_secrets(None, databases=None) == []

    def test_a_database_that_is_not_migrated_has_no_proof(self):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE integrations_keyproof RENAME TO elsewhere")
        assert problem() == ""

    def test_a_database_out_of_reach_stops_no_program(self, monkeypatch):
        def away(*_args):
            raise OperationalError("connection refused\nIs the server running?")

        watched = []
        monkeypatch.setattr(connection, "cursor", away)
        monkeypatch.setattr(key_proof, "watch", lambda: watched.append(True))
        with pytest.raises(OutOfReach, match="connection refused$"):
            problem()
        validation.refuse_wrong_keys()
        assert watched == [True]

    def test_later_the_program_ends_if_it_must(self, monkeypatch, caplog):
        answers, sent = [None, None, WRONG], []
        monkeypatch.setattr(key_proof, "asked", lambda: answers.pop(0))
        monkeypatch.setattr(key_proof.os, "kill", lambda *what: sent.append(what))
        key_proof.wait_for_answer(pause=0)
        assert sent == [(os.getpid(), key_proof.signal.SIGTERM)]
        assert WRONG in caplog.text

    def test_or_goes_on(self, monkeypatch):
        answers = [None, ""]
        monkeypatch.setattr(key_proof, "asked", lambda: answers.pop(0))
        monkeypatch.setattr(key_proof.os, "kill", pytest.fail)
        key_proof.wait_for_answer(pause=0)


PROGRAMS = {
    "dispatcher": ["manage.py", "dispatch"],
    "web": ["-c", "import config.asgi"],
    "worker": ["-m", "celery", "-A", "config", "worker", "--concurrency", "1"],
}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("program", PROGRAMS)
def test_no_program_starts_with_a_wrong_key(program):
    assert not Integration.objects.exists()
    name = connection.settings_dict["NAME"]
    url = make_conninfo(os.environ["DATABASE_URL"], dbname=name)
    env = {**os.environ, "DATABASE_URL": url, "PATCHBAY_ENCRYPTION_KEYS": OTHER}
    command = [sys.executable, *PROGRAMS[program]]
    manner = {"capture_output": True, "text": True, "timeout": 60, "check": False}
    done = subprocess.run(command, cwd=BASE_DIR, env=env, **manner)
    assert done.returncode == 2
    assert WRONG in done.stderr
    assert "Traceback" not in done.stderr
    assert OTHER not in done.stderr
