"""`manage.py doctor` on a healthy installation, and on broken ones of each kind."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from config import diagnoses as of_config
from integrations import diagnoses as of_integrations
from integrations.connections import key_proof
from integrations.models import Integration, Operation
from integrations.runtime.availability import ProcessAvailability, ProvisioningAvailability
from organizations.diagnostics import findings
from tests.support import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def broker(monkeypatch):
    """One that answers; the tests have none."""

    class Broker:
        default_channel = client = property(lambda self: self)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def ping(self):
            pass

    class App:
        def connection_for_write(self, **_options):
            return Broker()

    monkeypatch.setattr(of_integrations, "current_app", App())


def ask() -> tuple[int, dict[str, list[dict]]]:
    """Exit status, and the findings by subject."""
    out, status = StringIO(), 0
    try:
        call_command("doctor", "--json", stdout=out)
    except SystemExit as ended:
        status = ended.code
    found: dict[str, list[dict]] = {}
    for each in json.loads(out.getvalue()):
        found.setdefault(each["subject"], []).append(each)
    return status, found


def levels(subject: str) -> set[str]:
    return {each["level"] for each in ask()[1][subject]}


def test_a_healthy_installation():
    status, found = ask()
    bad = [each for all_of in found.values() for each in all_of if each["level"] == "fault"]
    assert (status, bad) == (0, [])
    assert {
        "settings",
        "keys",
        "database",
        "clock",
        "roles",
        "row-level security",
        "migrations",
        "disk",
        "broker",
        "dispatchers",
        "workers",
        "operations",
        "platforms",
    } <= set(found)


def test_programs_that_do_not_run(running):
    running(
        ProvisioningAvailability(
            ProcessAvailability(None), ProcessAvailability(timedelta(seconds=75))
        )
    )
    status, found = ask()
    assert status == 1
    assert found["dispatchers"][0]["sentence"] == "No dispatcher is known to run."
    assert found["workers"][0]["sentence"] == "No worker has reported for 75 s."
    assert "Start one" in found["workers"][0]["remedy"]


def test_a_database_out_of_reach_is_waited_for_once(monkeypatch):
    tries = []

    def away() -> None:
        tries.append(1)
        raise OperationalError("connection refused\nmore")

    monkeypatch.setattr(findings.connection, "ensure_connection", away)
    status, found = ask()
    assert status == 1
    assert found["database"][0]["sentence"] == "PostgreSQL is out of reach: connection refused"
    assert "roles" not in found
    assert "broker" in found
    assert len(tries) == 1


def test_a_policy_that_is_gone():
    with connection.cursor() as cursor:
        cursor.execute("DROP POLICY own ON numbers_phonenumber")
        cursor.execute("ALTER TABLE numbers_agent DISABLE ROW LEVEL SECURITY")
    sentences = [each["sentence"] for each in ask()[1]["row-level security"]]
    assert "It is off for numbers_agent." in sentences
    assert any("own of numbers_phonenumber" in each for each in sentences)


def test_a_right_that_is_gone():
    with connection.cursor() as cursor:
        cursor.execute("REVOKE SELECT ON numbers_phonenumber FROM patchbay_web")
    assert ask()[1]["roles"][0]["sentence"] == "patchbay_web may not read numbers_phonenumber."


def test_wrong_settings_and_wrong_keys(settings, monkeypatch):
    settings.SETTING_FAULTS = ["PATCHBAY_WROKERS is no setting."]
    monkeypatch.setattr(key_proof, "find_key_problem", lambda: key_proof.WRONG_KEYS_MESSAGE)
    status, found = ask()
    assert status == 1
    assert found["settings"][0]["sentence"] == "PATCHBAY_WROKERS is no setting."
    assert found["keys"][0]["level"] == "fault"


def test_a_schema_and_a_disk(monkeypatch, settings, tmp_path):
    missing = of_config.compare_schema().__class__(missing=("numbers.0001_initial",))
    monkeypatch.setattr(of_config, "compare_schema", lambda: missing)
    assert levels("migrations") == {"fault"}
    (tmp_path / "environment").touch()
    settings.DATA_FOLDER = tmp_path
    monkeypatch.setattr(of_config, "LOW_DISK_BYTES", 10**18)
    assert levels("disk") == {"warning"}
    monkeypatch.setattr(of_config, "CRITICAL_DISK_BYTES", 10**18)
    assert levels("disk") == {"fault"}


def test_clocks_that_differ_are_a_warning(monkeypatch):
    real = diagnosis_time().time
    monkeypatch.setattr(diagnosis_time(), "time", lambda: real() + 5)
    assert levels("clock") == {"warning"}


def diagnosis_time():
    from organizations.diagnostics import installation_checks

    return installation_checks.time


def test_what_is_stuck_and_a_platform_that_refuses(alice):
    factories.create_number(alice.by, settled=False)
    late = timezone.now() - timedelta(hours=1)
    Operation.objects.filter(status="open").update(next_attempt_at=late)
    assert levels("operations") == {"fault"}
    Integration.objects.filter(organization=alice.organization).update(
        state="paused", state_reason="The key was revoked."
    )
    status, found = ask()
    assert status == 0
    assert "The key was revoked." in found["platforms"][0]["sentence"]


def test_an_examination_that_fails_is_a_line(monkeypatch):
    def fails() -> int:
        raise ValueError("what now")

    monkeypatch.setattr(of_integrations, "oldest_due_age", fails)
    status, found = ask()
    assert status == 1
    assert "ValueError: what now" in found["operations"][0]["sentence"]
    assert found["platforms"]


def test_it_is_read_by_people(running):
    running(ProvisioningAvailability(worker=ProcessAvailability(None)))
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)
    assert "fault    workers: No worker is known to run.\n" in out.getvalue()
    assert "→ Start one" in out.getvalue()
