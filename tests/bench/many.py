"""The list of numbers on the screens, at a million rows: how long a page takes the server."""

from datetime import timedelta
from itertools import chain, repeat
from statistics import quantiles
from time import perf_counter
from urllib.parse import urlencode

from django.test import Client
from django.utils import timezone

from config.supervisor.prepare import connect_as
from numbers.ordering import ORDERS
from numbers.screens.paging import write_place
from organizations.screens.base import screen_url
from tests.bench.installation import Owner
from tests.bench.table import WIDTHS, WrongAnswer

TIMES = 5  # asked for in one run
GRAMS = "SELECT indexdef FROM pg_indexes WHERE indexname = 'phone_number_grams'"
# As make up would have them after years: countries, states and labels unevenly.
FILL = """
INSERT INTO numbers_phonenumber (id, public_id, phone_number_sid, organization_id, e164, carrier_id,
    label, source, status, wanted, inbound_agent_id, version, created_at, updated_at, released_at)
SELECT gen_random_uuid(), 'many_' || n, gen_random_uuid(), carrier.organization_id,
    CASE WHEN n % 10 = 0 THEN '+44' || 2070000000 + n::bigint * 7
         WHEN n % 10 = 1 THEN '+49' || 3010000000 + n::bigint * 11
         WHEN n % 500 = 2 THEN '+371' || 20000000 + n
         ELSE '+1' || (ARRAY[415, 212, 310, 646])[1 + n / 10 % 4] || lpad(n::text, 7, '0') END,
    CASE WHEN n % 4 > 0 THEN carrier.id END,
    CASE WHEN n % 3 > 0 THEN (ARRAY['Support', 'Sales', 'Front desk', 'Clinic'])[1 + n % 4] || ' '
        || (ARRAY['London', 'Berlin', 'Paris', 'Miami', 'Oslo'])[1 + n / 7 % 5] || ' ' || n / 100
    END,
    CASE WHEN n % 4 > 0 THEN 'byoc' ELSE 'import' END, state,
    CASE WHEN state IN ('deleted', 'inactive') THEN state ELSE 'active' END,
    CASE WHEN n % 5 = 0 THEN 'agent_' || n % 50 END, 3,
    now() - n * interval '13 s', now() - n::bigint * 7919 % 1000003 * interval '11 s',
    CASE WHEN state = 'deleted' THEN now() END
FROM generate_series(1, {rows}) n, carriers_carrier carrier,
    LATERAL (SELECT CASE WHEN n % 20 < 15 THEN 'active' WHEN n % 20 < 17 THEN 'inactive'
        WHEN n % 20 = 17 THEN 'failed' WHEN n % 10000 = 18 THEN 'pending' ELSE 'deleted' END
    ) s(state)
WHERE carrier.is_default
"""
PLACE = """
INSERT INTO numbers_placement (id, organization_id, phone_number_id, integration_id, role, state,
    refs)
SELECT gen_random_uuid(), number.organization_id, number.id, integration.id, 'voice', 'settled',
    '{}'
FROM numbers_phonenumber number, integrations_integration integration
WHERE number.public_id LIKE 'many\\_%'
"""


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
        """The search index is built at the end, which takes a tenth of the time."""
        sql = self.owner.installation.sql
        ((definition,),) = sql(GRAMS)
        for statement in ("DROP INDEX phone_number_grams", FILL, definition, PLACE):
            sql(statement.replace("{rows}", str(self.rows)))
        sql("VACUUM ANALYZE")

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
