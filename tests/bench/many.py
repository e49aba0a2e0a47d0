"""The list of numbers on the screens, at a million rows: how long a page takes the server."""

from datetime import timedelta
from itertools import chain, repeat
from statistics import quantiles
from time import perf_counter
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from config.supervisor.prepare import switch_database_role
from numbers.search.keyset import SORT_ORDERS
from numbers.views.listing.pagination import encode_page_cursor
from organizations.web.views.base import screen_url
from tests.bench import multitude
from tests.bench.installation import MeasuredOrganization
from tests.bench.table import WIDTHS, WrongAnswer

REQUEST_COUNT = 5  # asked for in one run


class MillionRowList:
    """Fills the table when it first runs; the table goes with the installation."""

    def __init__(self, owner: MeasuredOrganization, rows: int):
        self.owner, self.rows = owner, rows
        self.times: dict[str, list[float]] = {}

    def run(self) -> None:
        if not self.times:
            self.fill()
        env = self.owner.installation.env
        switch_database_role(env["DATABASE_URL"])  # the web, which row-level security holds
        try:
            self.look()
        finally:
            switch_database_role(env["DATABASE_OWNER_URL"])

    def look(self) -> None:
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(self.owner.member.user, "django.contrib.auth.backends.ModelBackend")
        url = screen_url(self.owner.member.organization, "numbers")
        for name, query, sign in self.pages():
            times = self.times.setdefault(name, [])
            times += [time_page(client, f"{url}?{query}", sign) for _ in range(REQUEST_COUNT)]

    def fill(self) -> None:
        multitude.insert_many_numbers(self.owner.installation, self.rows)

    def pages(self) -> list[tuple[str, str, str]]:
        """A name, a query, and what stands on the page."""
        found = [(name, urlencode(query, doseq=True), sign) for name, query, sign in PAGES]
        deep = timezone.now() - timedelta(seconds=13 * self.rows // 2)
        place = encode_page_cursor(
            SORT_ORDERS["newest"], (deep, self.owner.member.user.pk), turned=False
        )
        back = encode_page_cursor(
            SORT_ORDERS["newest"], (deep, self.owner.member.user.pk), turned=True
        )
        deeper = urlencode({"page": place, "status": "failed"})
        return [
            *found,
            ("page 10,000", urlencode({"page": place}), SOME_ROWS),
            ("the page before it", urlencode({"page": back}), SOME_ROWS),
            ("page 500 of the failed", deeper, SOME_ROWS),
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


SOME_ROWS, NO_ROWS = "<tbody>", "No number matches"
PAGES = [
    ("first page", {}, SOME_ROWS),
    ("digits: common (4)", {"q": "2070"}, SOME_ROWS),
    ("digits: common (7)", {"q": "+1 415 00"}, SOME_ROWS),
    ("digits: rare (8)", {"q": "00000123"}, SOME_ROWS),
    ("digits: middling (4)", {"q": "1234"}, SOME_ROWS),
    ("digits: none", {"q": "999988887777"}, NO_ROWS),
    ("digits: at the end (3)", {"q": "734"}, SOME_ROWS),
    ("digits: at either end (2)", {"q": "49"}, SOME_ROWS),
    ("digits: one", {"q": "7"}, SOME_ROWS),
    ("label: common", {"q": "berlin"}, SOME_ROWS),
    ("label: rare", {"q": "oslo 117"}, SOME_ROWS),
    ("label: none", {"q": "zzzz"}, NO_ROWS),
    ("label: two letters", {"q": "su"}, SOME_ROWS),
    *((f"order: {sort}", {"sort": sort}, SOME_ROWS) for sort in SORT_ORDERS if sort != "newest"),
    ("status: failed", {"status": "failed"}, SOME_ROWS),
    ("status: pending, by label", {"status": "pending", "sort": "label"}, SOME_ROWS),
    ("status: removing (none)", {"status": "removing"}, NO_ROWS),
    ("country: +44", {"country": "44"}, SOME_ROWS),
    ("country: +371, by number", {"country": "371", "sort": "number"}, SOME_ROWS),
    ("without agent", {"agent": "-"}, SOME_ROWS),
    ("agent", {"agent": "agent_45"}, SOME_ROWS),
    ("source", {"source": "import"}, SOME_ROWS),
    ("without label", {"label": "unset"}, SOME_ROWS),
    ("digits and failed, by label", {"q": "21200", "status": "failed", "sort": "label"}, SOME_ROWS),
]


def time_page(client: Client, url: str, sign: str) -> float:
    begun = perf_counter()
    answer = client.get(url)
    taken = perf_counter() - begun
    if answer.status_code != 200 or sign not in answer.text:
        raise WrongAnswer(f"{url}: {answer.status_code}, without {sign}")
    return taken
