"""Connections to a PostgreSQL that has fallen silent are given up; every option of the URL holds on
every connection."""

import os
import socket
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection
from django.db.utils import load_backend
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config.environment.reader import parse_database_settings
from config.postgresql import connection as bounded
from config.postgresql.base import DatabaseWrapper
from tests.support.silent_proxy import SilentProxy

pytestmark = pytest.mark.django_db
SHORT = 0.5


@pytest.fixture
def proxy() -> Iterator[SilentProxy]:
    info = conninfo_to_dict(make_conninfo(**server()))
    between = SilentProxy(f"{info['host']}/.s.PGSQL.{info.get('port', 5432)}")
    if not info["host"].startswith("/"):
        between = SilentProxy((info["host"], int(info.get("port", 5432))))
    yield between
    between.close()


def server() -> dict[str, str]:
    known = connection.settings_dict
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST"}
    return {libpq: known[django] for libpq, django in names.items()} | {
        "port": known["PORT"] or "5432"
    }


def wrapper(url: str) -> DatabaseWrapper:
    """Django's connection, to another address."""
    complete = {**connection.settings_dict, **parse_database_settings(url)}
    return load_backend(complete["ENGINE"]).DatabaseWrapper(complete, DEFAULT_DB_ALIAS)


def through(proxy: SilentProxy, **more: str) -> str:
    known = {**server(), "host": "127.0.0.1", "port": str(proxy.port), **more}
    return make_conninfo(**known)


@pytest.fixture
def answers_are_bounded(monkeypatch) -> None:
    monkeypatch.setattr(bounded, "_is_bounded", True)
    monkeypatch.setattr(bounded.Connection, "answer_within", SHORT)


def took(act, *errors: type[Exception]) -> float:
    began = time.monotonic()
    with pytest.raises(errors):
        act()
    return time.monotonic() - began


@pytest.mark.usefixtures("answers_are_bounded")
class TestSilence:
    def test_a_statement_without_an_answer_ends_and_the_next_connection_works(self, proxy):
        django = wrapper(through(proxy))
        with django.cursor() as cursor:
            cursor.execute("SELECT 1")
            proxy.silence()
            assert SHORT <= took(lambda: cursor.execute("SELECT 1"), OperationalError) < 3
        proxy.pass_on()
        django.close_if_unusable_or_obsolete()
        with django.cursor() as cursor:
            cursor.execute("SELECT 2")
            assert cursor.fetchone() == (2,)
        django.close()

    def test_a_new_connection_is_bounded_by_connect_timeout(self, proxy):
        proxy.silence()
        django = wrapper(through(proxy, connect_timeout="2"))
        assert took(django.ensure_connection, OperationalError) < 4

    def test_a_statement_that_may_take_longer_does(self, proxy):
        django = wrapper(through(proxy))
        django.set_autocommit(False)
        with django.statements_may_take(5), django.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(1)")
        django.rollback()
        django.close()

    def test_a_separate_connection_has_its_own_patience(self, proxy):
        django = wrapper(through(proxy))
        with django.separate(answer_within=0.2) as separate:
            list(separate.notifies(timeout=0.4))  # silence in which nothing is expected
            proxy.silence()
            assert took(lambda: separate.execute("SELECT 1"), psycopg.OperationalError) < 2


def test_a_command_waits_as_long_as_it_takes(proxy, monkeypatch):
    monkeypatch.setattr(bounded, "_is_bounded", False)
    monkeypatch.setattr(bounded.Connection, "answer_within", SHORT)
    django = wrapper(through(proxy))
    with django.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(1)")
    django.close()


def connections(django: DatabaseWrapper) -> list[psycopg.Connection]:
    django.ensure_connection()
    return [django.connection, django.separate(answer_within=5)]


class TestParameters:
    def test_both_ends_of_every_connection_notice_a_lost_peer(self, proxy):
        for each in connections(wrapper(through(proxy))):
            with socket.socket(fileno=os.dup(each.fileno())) as ours:
                option = ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                assert option == 15_000
                assert ours.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
            checked = each.execute("SHOW client_connection_check_interval").fetchone()
            assert checked == ("5s",)
            each.close()

    def test_what_the_url_asks_for_counts_before_our_defaults(self, proxy):
        url = through(
            proxy,
            options="-c statement_timeout=7s -c search_path=public",
            target_session_attrs="read-write",
            application_name="theirs",
            tcp_user_timeout="9000",
        )
        for each in connections(wrapper(url)):
            assert each.execute("SHOW statement_timeout").fetchone() == ("7s",)
            assert each.execute("SHOW search_path").fetchone() == ("public",)
            assert each.execute("SHOW lock_timeout").fetchone() == ("5s",)
            assert each.execute("SHOW application_name").fetchone() == ("theirs",)
            parameters = each.info.get_parameters()
            assert parameters["target_session_attrs"] == "read-write"
            assert parameters["tcp_user_timeout"] == "9000"
            each.close()

    def test_tls_is_not_dropped(self, proxy):
        """The server of the tests has none, so asking for it fails on every connection."""
        django = wrapper(through(proxy, sslmode="require"))
        with pytest.raises(OperationalError, match="SSL"):
            django.ensure_connection()
        with pytest.raises(psycopg.OperationalError, match="SSL"):
            django.separate(answer_within=5)
