"""The leading dispatcher is killed, stopped, or cut off from the database without a word: another
leads within 30 seconds, and the first stands back when it is there again.

The times stand in docs/operations.md.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from subprocess import Popen

import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from integrations.models import Leadership, Process
from tests.chaos.processes import Processes, until
from tests.support.silent_proxy import SilentProxy

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
FAILOVER = 30.0  # seconds


@pytest.fixture
def proxy() -> Iterator[SilentProxy]:
    between = SilentProxy(target())
    yield between
    between.close()


def target() -> tuple[str, int] | str:
    known = connection.settings_dict
    if known["HOST"].startswith("/"):
        return f"{known['HOST']}/.s.PGSQL.{known['PORT'] or 5432}"
    return known["HOST"], int(known["PORT"] or 5432)


def through(proxy: SilentProxy, url: str) -> str:
    return make_conninfo(**{**conninfo_to_dict(url), "host": "127.0.0.1", "port": proxy.port})


def kill(leader: Popen, _proxy: SilentProxy) -> None:
    os.killpg(leader.pid, signal.SIGKILL)


def stop(leader: Popen, _proxy: SilentProxy) -> None:
    os.killpg(leader.pid, signal.SIGSTOP)


def silence(_leader: Popen, proxy: SilentProxy) -> None:
    proxy.silence()


def holder() -> str:
    return Leadership.objects.values_list("holder", flat=True).first() or ""


def leads(process: Popen) -> bool:
    return f":{process.pid}:" in holder()


@pytest.mark.parametrize("fault", [kill, stop, silence])
def test_another_dispatcher_leads_soon(
    processes: Processes, proxy: SilentProxy, fault: Callable[[Popen, SilentProxy], None]
):
    first = processes.start_dispatcher(DATABASE_URL=through(proxy, processes.env["DATABASE_URL"]))
    until(lambda: leads(first))
    second = processes.start_dispatcher()
    until(lambda: Process.objects.filter(state="standing by").exists())
    fault(first, proxy)
    began = time.monotonic()
    until(lambda: leads(second), FAILOVER)
    print(f"failover after {fault.__name__}: {time.monotonic() - began:.1f} s")
    if fault is not kill:
        proxy.pass_on()
        os.killpg(first.pid, signal.SIGCONT)
        until(lambda: f":{first.pid}:" in standing_by())
        assert leads(second)


def standing_by() -> str:
    return " ".join(Process.objects.filter(state="standing by").values_list("pk", flat=True))


def test_a_stopped_one_gives_the_lead_back(processes: Processes):
    first = processes.start_dispatcher()
    until(lambda: leads(first))
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
    assert holder() == ""
    assert not Process.objects.exists()
