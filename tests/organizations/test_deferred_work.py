"""What is asked of an account that may not exist: the request does the same for every address, and
what is done for an account is done after the answer."""

import re
import threading
import time

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from organizations.accounts.sign_in import deferred_work
from organizations.accounts.sign_in.deferred_work import AUDIT_QUEUE, EMAIL_QUEUE, DeferredWorkQueue
from organizations.accounts.sign_in.lockout import WARNING_THRESHOLD
from organizations.models import Event, User
from tests.support.sign_in import sign_in

pytestmark = pytest.mark.django_db
VALUES = re.compile(r"""'(?:[^']|'')*'|\b\d+\b|"s\d+_x\d+"|_curs_\w+""")
KNOWN, UNKNOWN = "alice@example.com", "nobody@example.com"
ADDRESSES = {KNOWN: "192.0.2.1", UNKNOWN: "198.51.100.1"}  # each is counted by itself


@pytest.fixture
def acts(monkeypatch):
    """What requests do besides statements: hash passwords, and hand work on (which is not done)."""
    done = []
    for lane in (AUDIT_QUEUE, EMAIL_QUEUE):

        def add(request, work, email, lane=lane):
            done.append((lane.name, work.__name__))

        monkeypatch.setattr(lane, "add", add)
    encode = MD5PasswordHasher.encode

    def noted(self, password, salt):
        done.append("hash")
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", noted)
    return done


def of_request(acts: list, send) -> tuple[list[str], list]:
    """The statements of a request, without values, and its other acts."""
    acts.clear()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        send()
    return [VALUES.sub("?", query["sql"]) for query in queries], list(acts)


def has_an_address(user) -> None:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def is_inactive(user) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def has_no_password(user) -> None:
    user.set_unusable_password()
    user.save()


STATES = [lambda user: None, has_an_address, is_inactive, has_no_password]


@pytest.mark.parametrize("state", STATES)
class TestTheRequestDoesTheSame:
    def test_for_wrong_passwords_of_all_addresses(self, alice, acts, settings, state):
        """Those that the owner is warned of among them, and those that are locked out."""
        settings.CAN_MAIL = True
        state(alice.user)
        for n in range(WARNING_THRESHOLD + 3):
            known, unknown = (
                of_request(acts, lambda email=email: guess(email)) for email in (KNOWN, UNKNOWN)
            )
            assert known == unknown, n
            handed = [("log", "record_password_refusal"), ("mail", "send_wrong_password_warning")]
            assert [act for act in known[1] if act != "hash"] == handed[: handed_on(n)]

    def test_for_forgotten_passwords_of_all_addresses(self, alice, acts, settings, state):
        settings.CAN_MAIL = True
        state(alice.user)
        known, unknown = (
            of_request(acts, lambda email=email: forget(email)) for email in (KNOWN, UNKNOWN)
        )
        assert known == unknown
        assert known[1] == [("mail", "send_password_reset_link")]
        assert not any("organizations_user" in sql or "emailaddress" in sql for sql in known[0])


def handed_on(tries: int) -> int:
    return 0 if tries >= WARNING_THRESHOLD else 2 if tries == WARNING_THRESHOLD - 1 else 1


def guess(email: str) -> None:
    sign_in(Client(), email, "wrong", REMOTE_ADDR=ADDRESSES[email])


def forget(email: str) -> None:
    form = {"email": email}
    Client().post("/accounts/password/reset/", form, REMOTE_ADDR=ADDRESSES[email])


@pytest.mark.django_db(transaction=True)
class TestAfterTheAnswer:
    @pytest.fixture(autouse=True)
    def _threads(self, settings, monkeypatch):
        settings.WORK_AFTER_ANSWERS = settings.CAN_MAIL = True
        monkeypatch.setattr(deferred_work, "START_DELAY", 0.3)

    def test_the_mail_comes_and_the_line_is_written(self, alice):
        for _ in range(WARNING_THRESHOLD):
            sign_in(Client(), KNOWN, "wrong")
        forget(KNOWN)
        lines = Event.objects.filter(action="member.sign_in_refused")
        assert (mail.outbox, lines.count()) == ([], 0)
        wait_until(lambda: len(mail.outbox) == 2 and lines.count() == WARNING_THRESHOLD)
        assert {line.client_address for line in lines} == {"127.0.0.1"}
        assert len({line.request_id for line in lines} - {None}) == WARNING_THRESHOLD
        assert "Wrong passwords were tried for your account" in [m.subject for m in mail.outbox]
        assert "/accounts/password/reset/key/" in mail.outbox[-1].body

    def test_in_the_language_of_whoever_asked(self, alice):
        browser = Client(headers={"Accept-Language": "de"})
        browser.post("/accounts/password/reset/", {"email": KNOWN})
        wait_until(lambda: mail.outbox)
        assert mail.outbox[0].subject == "Neues Passwort für Patchbay setzen"

    def test_an_error_ends_neither_the_thread_nor_its_connections(self, caplog, rf):
        lane, done = DeferredWorkQueue("test"), []

        def break_down(request, email):
            transaction.get_autocommit()
            raise ZeroDivisionError

        lane.add(rf.get("/"), break_down, KNOWN)
        lane.add(rf.get("/"), lambda request, email: done.append(connection.connection), KNOWN)
        wait_until(lambda: done)
        assert done == [None]
        assert "Not done after an answer (test)" in caplog.text

    def test_what_is_too_much_is_left_out(self, caplog, rf, monkeypatch):
        monkeypatch.setattr(deferred_work, "MAX_QUEUED", 2)
        lane, begun, go = DeferredWorkQueue("test"), [], threading.Event()

        def work(request, email):
            begun.append(email)
            go.wait(10)

        for n in range(3):
            lane.add(rf.get("/"), work, str(n))
        go.set()
        lane.thread.shutdown()
        assert begun == ["0", "1"]
        assert "something was left out" in caplog.text


def wait_until(condition, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
