"""One id from the request through operation, worker, log and audit log."""

import logging

import pytest

from integrations.ledger import worker
from integrations.ledger.leases import AttemptResult, Outcome
from integrations.models import Operation
from organizations.models import Event
from organizations.web.request_id import current_request_id

pytestmark = pytest.mark.django_db
ID = "0af76519-16cd-43dd-8448-eb211c80319c"
LATER = "1bf76519-16cd-43dd-8448-eb211c80319c"


@pytest.fixture
def asked(api, alice) -> Operation:
    """The operation that a request for a number has made."""
    headers = {"X-Request-Id": ID}
    made = api(alice).post("/v1/phone-numbers", {"number": "+442071838751"}, **headers)
    assert made.status_code == 201
    assert made["X-Request-Id"] == ID
    return Operation.objects.get(subject_kind="placement", status="open")


def test_the_operation_and_the_audit_log_have_it(asked):
    assert str(asked.request_id) == ID
    assert Event.objects.filter(request_id=ID).exists()


def test_the_worker_works_under_it(asked, monkeypatch):
    seen = []

    def note(*_args) -> AttemptResult:
        seen.append(str(current_request_id()))
        return AttemptResult(Outcome.DONE)

    monkeypatch.setattr(worker, "attempt_operation", note)
    worker.run_attempt(asked.pk)
    assert seen == [ID]
    assert current_request_id() is None


def test_the_lines_of_the_worker_have_it(asked):
    handler = next(h for h in logging.getLogger().handlers if type(h) is logging.StreamHandler)
    lines, handler.emit = [], lambda record: lines.append(record)
    try:
        worker.run_attempt(asked.pk)
    finally:
        del handler.emit
    assert lines
    assert {line.request_id for line in lines if line.name.startswith("integrations")} == {ID}


def test_a_changed_wish_has_that_of_who_changed_it(asked, api, alice):
    number = alice.organization.phone_numbers.get(e164="+442071838751")
    Operation.objects.filter(pk=asked.pk).update(attempts=1)  # the platform may know of it
    deleted = api(alice).delete(f"/v1/phone-numbers/{number.pk}", **{"X-Request-Id": LATER})
    assert deleted.status_code < 300
    asked.refresh_from_db()
    assert (asked.wish, str(asked.request_id)) == ("remove", LATER)


def test_what_nobody_asked_for_has_none(alice):
    assert current_request_id() is None
    assert Operation().request_id is None
