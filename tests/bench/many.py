"""The list of numbers on the screens, at a million rows: how long a page takes the server."""

from datetime import timedelta
from itertools import chain, repeat
from statistics import quantiles
from time import perf_counter
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from config.supervisor.prepare import connect_as
from numbers.search.keyset import ORDERS
from numbers.views.listing.pagination import write_place
from organizations.web.views.base import screen_url
from tests.bench import multitude
from tests.bench.installation import Owner
from tests.bench.table import WIDTHS, WrongAnswer

TIMES = 5  # asked for in one run


class Many:
    """Fills the table when it first runs; the table goes with the installation."""

    def __init__(self, owner: Owner, rows: int):
        self.owner, self.rows = owner, rows
        self.times: dict[str, list[float]] = {}

    def run(self) -> None:
        if not self.times:
            self.fill()
        env = self.owner.installation.env
        connect_as(env["DATABASE_URL"])  # the web, which row-level security holds
        try:
            self.look()
        finally:
            connect_as(env["DATABASE_OWNER_URL"])

    def look(self) -> None:
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(self.owner.member.user, "django.contrib.auth.backends.ModelBackend")
        url = screen_url(self.owner.member.organization, "numbers")
        for name, query, sign in self.pages():
            times = self.times.setdefault(name, [])
            times += [timed(client, f"{url}?{query}", sign) for _ in range(TIMES)]

    def fill(self) -> None:
        multitude.fill(self.owner.installation, self.rows)

    def pages(self) -> list[tuple[str, str, str]]:
        """A name, a query, and what stands on the page."""
        found = [(name, urlencode(query, doseq=True), sign) for name, query, sign in PAGES]
        deep = timezone.now() - timedelta(seconds=13 * self.rows // 2)
        place = write_place(ORDERS["newest"], (deep, self.owner.member.user.pk), turned=False)
        back = write_place(ORDERS["newest"], (deep, self.owner.member.user.pk), turned=True)
        deeper = urlencode({"page": place, "status": "failed"})
        return [
            *found,
            ("page 10,000", urlencode({"page": place}), SOME),
            ("the page before it", urlencode({"page": back}), SOME),
            ("page 500 of the failed", deeper, SOME),
        ]

    def lines(self) -> list[str]:
        lines = []
        for (name, times), what in zip(
            self.times.items(), chain(["on screen"], repeat("")), strict=False
        ):
            cuts = [cut * 1000 for cut in quantiles(times, n=100)]
            rate = f"{1000 / cuts[49]:,.0f}"
            lines.append(
                WIDTHS.format(what, rate, f"{cuts[49]:.1f}", f"{cuts[98]:.1f}", name, "", "")
            )
        return lines


SOME, NONE = "<tbody>", "No number matches"
PAGES = [
    ("first page", {}, SOME),
    ("digits: common (4)", {"q": "2070"}, SOME),
    ("digits: common (7)", {"q": "+1 415 00"}, SOME),
    ("digits: rare (8)", {"q": "00000123"}, SOME),
    ("digits: middling (4)", {"q": "1234"}, SOME),
    ("digits: none", {"q": "999988887777"}, NONE),
    ("digits: at the end (3)", {"q": "734"}, SOME),
    ("digits: at either end (2)", {"q": "49"}, SOME),
    ("digits: one", {"q": "7"}, SOME),
    ("label: common", {"q": "berlin"}, SOME),
    ("label: rare", {"q": "oslo 117"}, SOME),
    ("label: none", {"q": "zzzz"}, NONE),
    ("label: two letters", {"q": "su"}, SOME),
    *((f"order: {sort}", {"sort": sort}, SOME) for sort in ORDERS if sort != "newest"),
    ("status: failed", {"status": "failed"}, SOME),
    ("status: pending, by label", {"status": "pending", "sort": "label"}, SOME),
    ("status: removing (none)", {"status": "removing"}, NONE),
    ("country: +44", {"country": "44"}, SOME),
    ("country: +371, by number", {"country": "371", "sort": "number"}, SOME),
    ("without agent", {"agent": "-"}, SOME),
    ("agent", {"agent": "agent_45"}, SOME),
    ("source", {"source": "import"}, SOME),
    ("without label", {"label": "unset"}, SOME),
    ("digits and failed, by label", {"q": "21200", "status": "failed", "sort": "label"}, SOME),
]


def timed(client: Client, url: str, sign: str) -> float:
    begun = perf_counter()
    answer = client.get(url)
    taken = perf_counter() - begun
    if answer.status_code != 200 or sign not in answer.text:
        raise WrongAnswer(f"{url}: {answer.status_code}, without {sign}")
    return taken
