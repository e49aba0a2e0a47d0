"""What can happen to an installation (tests/chaos/site.py)."""

import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.site import Service, Site
from tests.support.silent_proxy import SilentProxy

Act = Callable[[Site], None]


@dataclass(frozen=True)
class Fault:
    """`target` is the service it befalls. It lasts for `seconds`, then `end` is called."""

    kind: str
    target: str
    begin: Act
    end: Act
    seconds: float

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


def nothing(_site: Site) -> None:
    """It ends by itself: the service is started again."""


def to_service(name: str, act: Callable[[Service], None]) -> Act:
    return lambda site: act(site.services[name])


def kill(name: str) -> Fault:
    """kill -9 of the process and its children."""
    return Fault("kill", name, to_service(name, lambda s: s.signal_all(signal.SIGKILL)), nothing, 1)


def kill_child(name: str) -> Fault:
    """kill -9 of one of its children."""

    def begin(site: Site) -> None:
        if children := site.services[name].family()[1:]:
            os.kill(random.choice(children), signal.SIGKILL)  # noqa: S311

    return Fault("kill a child of", name, begin, nothing, 1)


def stop(name: str, seconds: float = 5) -> Fault:
    """SIGSTOP: it holds its connections, and answers nothing."""
    return Fault(
        "stop",
        name,
        to_service(name, lambda s: s.signal_all(signal.SIGSTOP)),
        to_service(name, lambda s: s.signal_all(signal.SIGCONT)),
        seconds,
    )


def restart(name: str, number: signal.Signals = signal.SIGTERM) -> Fault:
    return Fault("restart", name, to_service(name, lambda s: s.signal(number)), nothing, 3)


def drop(name: str, link: str, seconds: float = 6) -> Fault:
    """The program's link falls silent; what is connected over it stays lost."""

    def of(site: Site) -> SilentProxy:
        return getattr(site.links[name], link)

    kind = f"drop the {link} of"
    return Fault(kind, name, lambda s: of(s).silence(), lambda s: of(s).pass_on(), seconds)


def black_hole(link: str, seconds: float = 4) -> Fault:
    """All links to it fall silent."""

    def every(site: Site) -> list[SilentProxy]:
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
    return Fault("disk full under", "database", Site.fill_disk, Site.free_disk, seconds)


def all_faults(site: Site) -> list[Fault]:
    pairs = [f"{kind}-{place}" for kind in ("web", "dispatcher", "worker") for place in (1, 2)]
    found = [make(name) for name in pairs for make in (kill, stop, restart)]
    found += [drop(name, "database") for name in pairs]
    found += [drop(name, "broker") for name in pairs if not name.startswith("web")]
    found += [kill_child("worker-1"), kill_child("worker-2"), kill_child("web-1")]
    found += [kill("database"), stop("database"), restart("database", signal.SIGINT)]
    found += [kill("broker"), stop("broker"), restart("broker")]
    found += [black_hole("database"), black_hole("broker")]
    return found + ([disk_full(), disk_full()] if site.has_disk else [])
