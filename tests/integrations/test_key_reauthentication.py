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
from integrations.connections.key_proof import (
    WRONG_KEYS_MESSAGE,
    DatabaseUnreachable,
    check_encryption_keys,
    find_key_problem,
)
from integrations.models import Integration, KeyProof
from organizations.tenancy import tenant_scope

OTHER = Fernet.generate_key().decode()


def rotate() -> None:
    call_command("rotate_secrets", stdout=StringIO(), stderr=StringIO())


@pytest.mark.django_db
class TestProof:
    def test_migrate_has_made_it(self):
        assert find_key_problem() == ""
        assert KeyProof.objects.count() == 1

    def test_a_wrong_key_is_told_with_what_to_do(self, keys):
        keys("wrong")
        assert find_key_problem() == WRONG_KEYS_MESSAGE
        assert "Put that key back" in WRONG_KEYS_MESSAGE
        assert "rotate_secrets" in WRONG_KEYS_MESSAGE

    def test_a_new_key_before_the_old_one_is_right(self, keys):
        keys("new", "old")
        assert find_key_problem() == ""

    def test_the_old_key_is_needed_until_all_is_sealed_anew(self, alice, keys):
        keys("new")
        assert find_key_problem() == WRONG_KEYS_MESSAGE
        keys("new", "old")
        rotate()
        keys("new")
        assert find_key_problem() == ""
        keys("old")
        assert find_key_problem() == WRONG_KEYS_MESSAGE

    def test_the_old_key_is_needed_while_something_could_not_be_sealed_anew(self, alice, keys):
        keys("lost")
        integration = alice.organization.integrations.get()
        integration.keep_secrets({"access_code": "unreadable"})
        integration.save()
        keys("new", "old")
        with pytest.raises(CommandError, match="1 could not be read"):
            rotate()
        keys("new")
        assert find_key_problem() == WRONG_KEYS_MESSAGE

    def test_in_an_older_installation_the_oldest_key_counts_as_needed(self, alice, keys):
        KeyProof.objects.all().delete()
        keys("new", "old")
        key_proof.create_key_proof()
        keys("new")
        assert find_key_problem() == WRONG_KEYS_MESSAGE

    def test_keys_that_open_nothing_are_not_proven_right(self, alice, keys, caplog):
        KeyProof.objects.all().delete()
        keys("wrong")
        key_proof.create_key_proof()
        assert not KeyProof.objects.exists()
        assert WRONG_KEYS_MESSAGE in caplog.text
        assert "integrations.Integration.sealed" in caplog.text

    def test_it_is_made_once(self):
        before = KeyProof.objects.get().text
        key_proof.create_key_proof()
        assert KeyProof.objects.get().text == before

    @pytest.mark.parametrize("login", [tenant_scope.WEB, tenant_scope.WORKER])
    def test_each_role_may_look(self, login, keys):
        with tenant_scope.for_role(login):
            assert find_key_problem() == ""
        keys("wrong")
        with tenant_scope.for_role(login):
            assert find_key_problem() == WRONG_KEYS_MESSAGE


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
        assert check_encryption_keys(None, databases=None) == []

    def test_a_database_that_is_not_migrated_has_no_proof(self):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE integrations_keyproof RENAME TO elsewhere")
        assert find_key_problem() == ""

    def test_a_database_out_of_reach_stops_no_program(self, monkeypatch):
        def away(*_args):
            raise OperationalError("connection refused\nIs the server running?")

        watched = []
        monkeypatch.setattr(connection, "cursor", away)
        monkeypatch.setattr(key_proof, "start_key_watch", lambda: watched.append(True))
        with pytest.raises(DatabaseUnreachable, match="connection refused$"):
            find_key_problem()
        validation.ensure_encryption_keys_match()
        assert watched == [True]

    def test_later_the_program_ends_if_it_must(self, monkeypatch, caplog):
        answers, sent = [None, None, WRONG_KEYS_MESSAGE], []
        monkeypatch.setattr(key_proof, "poll_key_problem", lambda: answers.pop(0))
        monkeypatch.setattr(key_proof.os, "kill", lambda *what: sent.append(what))
        key_proof.check_keys_when_reachable(pause=0)
        assert sent == [(os.getpid(), key_proof.signal.SIGTERM)]
        assert WRONG_KEYS_MESSAGE in caplog.text

    def test_or_goes_on(self, monkeypatch):
        answers = [None, ""]
        monkeypatch.setattr(key_proof, "poll_key_problem", lambda: answers.pop(0))
        monkeypatch.setattr(key_proof.os, "kill", pytest.fail)
        key_proof.check_keys_when_reachable(pause=0)


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
    assert WRONG_KEYS_MESSAGE in done.stderr
    assert "Traceback" not in done.stderr
    assert OTHER not in done.stderr
