"""Guessing passwords is slow, and locks nobody out but the guesser."""

import pytest
from django.core import mail
from django.core.cache import cache
from django.db import connection
from django.test import Client

from organizations.accounts.sign_in import lockout
from organizations.accounts.sign_in.known_devices import DEVICE_COOKIE, MAX_ACCOUNTS_PER_DEVICE
from tests.support.sign_in import PASSWORD, enroll_second_factor, sign_in, unused_recovery_code

pytestmark = pytest.mark.django_db
ALICE = "alice@example.com"
STRANGER, ELSEWHERE = "192.0.2.66", "198.51.100.7"


def attempt(browser=None, email=ALICE, password=PASSWORD, address=ELSEWHERE):
    return sign_in(browser or Client(), email, password, REMOTE_ADDR=address)


def guess(times: int, address: str = STRANGER, **how):
    answers = [attempt(password="wrong", address=address, **how) for _ in range(times)]
    return answers[-1]


def is_locked(answer) -> bool:
    return "Too many attempts failed." in getattr(answer, "text", "")


def is_in(answer) -> bool:
    return answer.status_code == 302


class TestTheOwner:
    def test_is_not_locked_out_by_a_stranger(self, alice):
        assert is_locked(guess(6))
        assert is_in(attempt())

    def test_is_let_in_at_the_strangers_own_address_on_a_known_device(self, alice):
        own = Client()
        assert is_in(attempt(own, address=STRANGER))
        own.post("/accounts/logout/")
        for n in range(31):
            attempt(email=f"guess{n}@example.com", password="wrong", address=STRANGER)
        assert is_locked(guess(6))
        assert is_locked(attempt(address=STRANGER))
        assert is_in(attempt(own, address=STRANGER))

    def test_is_let_in_on_a_new_device_while_many_addresses_guess(self, alice):
        for n in range(lockout.ATTACK_THRESHOLD + 5):
            guess(1, address=f"203.0.{n}.9")
        assert is_in(attempt())

    def test_is_told_once_a_day(self, alice, settings):
        settings.CAN_MAIL = True
        guess(4)
        assert mail.outbox == []
        guess(6)
        guess(6, address="203.0.113.1")
        (sent,) = mail.outbox
        assert (sent.to, sent.subject) == ([ALICE], "Wrong passwords were tried for your account")
        assert f"From: {STRANGER}\n" in sent.body
        cache.delete(f"wrong-passwords:{alice.user.pk}")  # a day later
        guess(1, address="203.0.113.2")
        assert len(mail.outbox) == 2

    def test_hears_nothing_of_their_own_mistakes_on_a_known_device(self, alice, settings):
        settings.CAN_MAIL = True
        own = Client()
        attempt(own)
        own.post("/accounts/logout/")
        guess(6, browser=own)
        assert mail.outbox == []

    def test_whom_we_do_not_know_is_told_nothing(self, alice, settings):
        settings.CAN_MAIL = True
        guess(6, email="nobody@example.com")
        assert mail.outbox == []


class TestTheGuesser:
    def test_waits_after_five_at_one_e_mail(self, alice):
        assert not is_locked(guess(5))
        assert is_locked(attempt(address=STRANGER))

    def test_waits_after_thirty_at_many_e_mails(self, alice):
        for n in range(30):
            assert not is_locked(guess(1, email=f"guess{n}@example.com"))
        assert is_locked(guess(1, email="one-more@example.com"))

    @pytest.mark.parametrize(
        ("addresses", "other"),
        [
            ([f"192.0.2.{n}" for n in range(1, 21)], "192.0.3.1"),
            ([f"2001:db8:1:{n}::1" for n in range(1, 21)], "2001:db8:2:1::1"),
        ],
        ids=["IPv4", "IPv6"],
    )
    def test_gains_little_by_the_addresses_of_one_network(self, alice, settings, addresses, other):
        rates = settings.ACCOUNT_RATE_LIMITS
        settings.ACCOUNT_RATE_LIMITS = {**rates, "login_failed_by_network": "10/5m/key"}
        told = [
            is_locked(guess(1, address=one, email=f"guess{n}@example.com"))
            for n, one in enumerate(addresses)
        ]
        assert told == [False] * 10 + [True] * 10
        assert is_in(attempt(address=other))

    def test_who_hammers_one_e_mail_does_not_use_up_the_address(self, alice, bob):
        guess(40)
        assert is_in(attempt(email="bob@example.com", address=STRANGER))

    def test_with_many_addresses_has_one_attempt_at_each(self, alice):
        for n in range(lockout.ATTACK_THRESHOLD):
            guess(1, address=f"203.0.{n}.9")
        assert not is_locked(guess(1))
        assert is_locked(guess(1))

    def test_a_device_that_is_known_for_one_account_is_unknown_for_another(self, alice, mallory):
        theirs = Client()
        attempt(theirs, "mallory@example.com", address=STRANGER)
        theirs.post("/accounts/logout/")
        assert is_locked(guess(6, browser=theirs))
        assert is_in(attempt(theirs, "mallory@example.com", address=STRANGER))

    def test_a_known_device_is_slow_to_guess_too(self, alice):
        own = Client()
        attempt(own)
        own.post("/accounts/logout/")
        for address in ("192.0.2.1", "198.18.0.1"):
            answer = guess(3, browser=own, address=address)
        assert is_locked(answer)

    def test_a_forged_device_is_unknown(self, alice):
        forged = Client()
        forged.cookies[DEVICE_COOKIE] = "eyJpZCI6IngifQ:1tT:forged"
        assert is_locked(guess(6, browser=forged))

    def test_rows_are_bounded_by_what_is_counted(self, alice):
        guess(40)
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sign_in_cache")
            assert cursor.fetchone()[0] <= 10


class TestTheDevice:
    def test_is_known_after_the_second_factor_only(self, alice):
        enroll_second_factor(alice.user)
        browser = Client()
        attempt(browser)
        assert DEVICE_COOKIE not in browser.cookies
        browser.post("/accounts/2fa/authenticate/", {"code": unused_recovery_code()})
        cookie = browser.cookies[DEVICE_COOKIE]
        assert (cookie["httponly"], cookie["path"]) == (True, "/accounts/")
        assert int(cookie["max-age"]) > 300 * 86400
        assert ALICE not in cookie.value

    def test_remembers_a_few_people(self, alice, cast):
        browser, people = Client(), [alice]
        for name in ("Bob", "Carol", "Mallory"):
            people.append(cast.enter(name))
        for person in people:
            attempt(browser, person.user.email)
            browser.post("/accounts/logout/")
        size = len(browser.cookies[DEVICE_COOKIE].value)
        assert size < 400
        assert len(people) <= MAX_ACCOUNTS_PER_DEVICE
        guess(6, browser=Client(), address=ELSEWHERE)
        assert is_in(attempt(browser))
