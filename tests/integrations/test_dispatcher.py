"""The dispatcher and its connections to the broker."""

import pytest

from config.celery import app
from integrations.ledger import dispatcher
from integrations.ledger.job_sources import BrokerUnavailable
from integrations.tasks import clean_up


@pytest.fixture(autouse=True)
def with_the_app() -> None:
    app.set_default()


def test_lost_connections_to_the_broker_are_not_used_again():
    clean_up.apply_async(retry=False)
    before = app.pool
    dispatcher.reset_broker_connections()
    clean_up.apply_async(retry=False)
    assert app.pool is not before


def test_it_forgets_them_when_a_message_could_not_be_sent(monkeypatch):
    def away():
        raise BrokerUnavailable("timed out")

    monkeypatch.setattr(dispatcher.job_sources, "publish_due_jobs", away)
    forgotten = []
    monkeypatch.setattr(dispatcher, "reset_broker_connections", lambda: forgotten.append(True))
    dispatcher.run_dispatch_round()
    assert forgotten
    assert dispatcher.broker_outage.reason == "The broker is out of reach: timed out"
    monkeypatch.setattr(dispatcher.job_sources, "publish_due_jobs", lambda: None)
    monkeypatch.setattr(dispatcher.dispatch, "dispatch_due_operations", lambda publish: 0)
    dispatcher.run_dispatch_round()
    assert dispatcher.broker_outage.reason == ""
