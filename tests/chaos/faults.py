"""What can happen to an installation (tests/chaos/site.py)."""

import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.site import RedundantInstallation, Service
from tests.support.silent_proxy import SilentProxy

FaultAction = Callable[[RedundantInstallation], None]


@dataclass(frozen=True)
class Fault:
    """`target` is the service it befalls. It lasts for `seconds`, then `end` is called."""

    kind: str
    target: str
    begin: FaultAction
    end: FaultAction
    seconds: float

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


def end_nothing(_site: RedundantInstallation) -> None:
    """It ends by itself: the service is started again."""


def build_service_action(name: str, act: Callable[[Service], None]) -> FaultAction:
    return lambda site: act(site.services[name])


def kill(name: str) -> Fault:
    """kill -9 of the process and its children."""
    return Fault(
        "kill",
        name,
        build_service_action(name, lambda s: s.signal_all(signal.SIGKILL)),
        end_nothing,
        1,
    )


def kill_child(name: str) -> Fault:
    """kill -9 of one of its children."""

    def begin(site: RedundantInstallation) -> None:
        if children := site.services[name].family()[1:]:
            os.kill(random.choice(children), signal.SIGKILL)  # noqa: S311

    return Fault("kill a child of", name, begin, end_nothing, 1)


def freeze(name: str, seconds: float = 5) -> Fault:
    """SIGSTOP: it holds its connections, and answers nothing."""
    return Fault(
        "stop",
        name,
        build_service_action(name, lambda s: s.signal_all(signal.SIGSTOP)),
        build_service_action(name, lambda s: s.signal_all(signal.SIGCONT)),
        seconds,
    )


def restart(name: str, number: signal.Signals = signal.SIGTERM) -> Fault:
    return Fault(
        "restart", name, build_service_action(name, lambda s: s.signal(number)), end_nothing, 3
    )


def silence_link(name: str, link: str, seconds: float = 6) -> Fault:
    """The program's link falls silent; what is connected over it stays lost."""

    def of(site: RedundantInstallation) -> SilentProxy:
        return getattr(site.links[name], link)

    kind = f"drop the {link} of"
    return Fault(kind, name, lambda s: of(s).silence(), lambda s: of(s).pass_on(), seconds)


def silence_all_links(link: str, seconds: float = 4) -> Fault:
    """All links to it fall silent."""

    def every(site: RedundantInstallation) -> list[SilentProxy]:
        return [getattr(each, link) for each in site.links.values()]

    return Fault(
        "black-hole",
        link,
        lambda site: [each.silence() for each in every(site)] and None,
        lambda site: [each.pass_on() for each in every(site)] and None,
        seconds,
    )


def disk_full(seconds: float = 4) -> Fault:
    """Of the database and the broker."""
    return Fault(
        "disk full under",
        "database",
        RedundantInstallation.fill_disk,
        RedundantInstallation.free_disk,
        seconds,
    )


def list_faults(site: RedundantInstallation) -> list[Fault]:
    pairs = [f"{kind}-{place}" for kind in ("web", "dispatcher", "worker") for place in (1, 2)]
    found = [make(name) for name in pairs for make in (kill, freeze, restart)]
    found += [silence_link(name, "database") for name in pairs]
    found += [silence_link(name, "broker") for name in pairs if not name.startswith("web")]
    found += [kill_child("worker-1"), kill_child("worker-2"), kill_child("web-1")]
    found += [kill("database"), freeze("database"), restart("database", signal.SIGINT)]
    found += [kill("broker"), freeze("broker"), restart("broker")]
    found += [silence_all_links("database"), silence_all_links("broker")]
    return found + ([disk_full(), disk_full()] if site.has_disk else [])
