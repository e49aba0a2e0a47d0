"""The leading dispatcher is killed, stopped, or cut off from the database without a word: another
leads within 30 seconds, and the first stands back when it is there again.

The times stand in docs/operations.md.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from subprocess import Popen
from urllib.parse import quote, urlsplit

import pytest
from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from integrations.models import Leadership, Process
from numbers.inventory.operations import add_number
from tests.chaos.processes import Processes, wait_until
from tests.support.silent_proxy import SilentProxy

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
FAILOVER = 30.0  # seconds


@pytest.fixture
def proxy() -> Iterator[SilentProxy]:
    between = SilentProxy(database_address())
    yield between
    between.close()


def database_address() -> tuple[str, int] | str:
    known = connection.settings_dict
    if known["HOST"].startswith("/"):
        return f"{known['HOST']}/.s.PGSQL.{known['PORT'] or 5432}"
    return known["HOST"], int(known["PORT"] or 5432)


def proxied_url(proxy: SilentProxy, url: str) -> str:
    return make_conninfo(**{**conninfo_to_dict(url), "host": "127.0.0.1", "port": proxy.port})


def kill_leader(leader: Popen, _proxy: SilentProxy) -> None:
    os.killpg(leader.pid, signal.SIGKILL)


def freeze_leader(leader: Popen, _proxy: SilentProxy) -> None:
    os.killpg(leader.pid, signal.SIGSTOP)


def silence_leader(_leader: Popen, proxy: SilentProxy) -> None:
    proxy.silence()


def leadership_holder() -> str:
    return Leadership.objects.values_list("holder", flat=True).first() or ""


def is_leader(process: Popen) -> bool:
    return f":{process.pid}:" in leadership_holder()


@pytest.mark.parametrize("fault", [kill_leader, freeze_leader, silence_leader])
def test_another_dispatcher_leads_soon(
    processes: Processes, proxy: SilentProxy, fault: Callable[[Popen, SilentProxy], None]
):
    first = processes.start_dispatcher(
        DATABASE_URL=proxied_url(proxy, processes.env["DATABASE_URL"])
    )
    wait_until(lambda: is_leader(first))
    second = processes.start_dispatcher()
    wait_until(lambda: Process.objects.filter(state="standing by").exists())
    fault(first, proxy)
    began = time.monotonic()
    wait_until(lambda: is_leader(second), FAILOVER)
    print(f"failover after {fault.__name__}: {time.monotonic() - began:.1f} s")
    if fault is not kill_leader:
        proxy.pass_on()
        os.killpg(first.pid, signal.SIGCONT)
        wait_until(lambda: f":{first.pid}:" in standby_processes())
        assert is_leader(second)


def broker_address() -> tuple[str, int] | str:
    url = urlsplit(settings.CELERY_BROKER_URL)
    return (url.hostname, url.port or 6379) if url.hostname else url.path


def test_another_leads_when_the_leader_has_lost_the_broker(processes: Processes, alice):
    """It goes on renewing its lease: it gives the lead back by itself, and stands by until it has
    the broker again."""
    broker = SilentProxy(broker_address())
    password = urlsplit(settings.CELERY_BROKER_URL).password or ""
    url = f"redis://:{quote(password)}@127.0.0.1:{broker.port}/0"
    first = processes.start_dispatcher(REDIS_URL=url)
    wait_until(lambda: is_leader(first))
    second = processes.start_dispatcher()
    wait_until(lambda: Process.objects.filter(state="standing by").exists())
    broker.silence()
    add_number(alice.by, number="+14155550100")  # something to publish, again and again
    wait_until(lambda: is_leader(second), FAILOVER)
    wait_until(lambda: Process.objects.filter(state="standing by").exclude(reason="").exists())
    assert is_leader(second)
    broker.pass_on()
    wait_until(lambda: Process.objects.filter(state="standing by", reason="").exists())
    broker.close()


def standby_processes() -> str:
    return " ".join(Process.objects.filter(state="standing by").values_list("pk", flat=True))


def test_a_stopped_one_gives_the_lead_back(processes: Processes):
    first = processes.start_dispatcher()
    wait_until(lambda: is_leader(first))
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    assert leadership_holder() == ""
    assert not Process.objects.exists()
