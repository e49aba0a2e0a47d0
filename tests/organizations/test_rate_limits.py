"""Token buckets, and the versions a change may be made to."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import RequestFactory

from organizations.web.api.etags import ensure_etag_match, format_etag
from organizations.web.api.problems import Problem
from organizations.web.api.rate_limits import TokenBuckets
from organizations.web.views.base import screen_url


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def buckets(clock) -> TokenBuckets:
    return TokenBuckets(clock=clock)


LIMIT = {"per_second": 2, "burst": 3}


class TestBuckets:
    def test_a_burst_passes_and_no_more(self, buckets):
        found = [buckets.take("a", **LIMIT) for _ in range(4)]
        assert [one.allowed for one in found] == [True, True, True, False]
        assert [one.remaining for one in found] == [2, 1, 0, 0]

    def test_tokens_come_back_at_the_rate(self, buckets, clock):
        for _ in range(3):
            buckets.take("a", **LIMIT)
        clock.now += 0.5
        assert buckets.take("a", **LIMIT).allowed
        assert not buckets.take("a", **LIMIT).allowed

    def test_it_never_holds_more_than_the_burst(self, buckets, clock):
        buckets.take("a", **LIMIT)
        clock.now += 3600
        assert buckets.take("a", **LIMIT).remaining == 2

    def test_it_says_when_to_come_back_and_when_it_is_full(self, buckets):
        slow = {"per_second": 0.1, "burst": 2}
        buckets.take("a", **slow), buckets.take("a", **slow)
        found = buckets.take("a", **slow)
        assert (found.retry_after, found.reset) == (10, 20)
        assert found.refusal().headers == {"Retry-After": "10"}

    def test_waiting_as_long_as_told_is_enough(self, buckets, clock):
        odd = {"per_second": 0.7, "burst": 1}
        buckets.take("a", **odd)
        clock.now += buckets.take("a", **odd).retry_after
        assert buckets.take("a", **odd).allowed

    def test_names_do_not_share(self, buckets):
        for _ in range(3):
            buckets.take("a", **LIMIT)
        assert buckets.take("b", **LIMIT).allowed

    def test_looking_costs_nothing(self, buckets):
        for _ in range(9):
            assert buckets.take("a", cost=0, **LIMIT).remaining == 3

    def test_memory_is_bounded_and_the_busy_are_remembered(self, clock):
        small = TokenBuckets(size=2, clock=clock)
        for name in ("busy", "b", "busy", "c", "busy", "d"):
            small.take(name, **LIMIT)
        assert set(small.buckets) == {"busy", "d"}
        assert not small.take("busy", **LIMIT).allowed

    def test_threads_never_get_more_than_there_is(self, buckets):
        with ThreadPoolExecutor(8) as pool:
            found = pool.map(lambda _: buckets.take("a", per_second=1, burst=100), range(500))
        assert sum(one.allowed for one in found) == 100


def request_with(value: str | None):
    headers = {} if value is None else {"If-Match": value}
    return RequestFactory().patch("/", headers=headers)


class TestRequireMatch:
    def test_a_tag_is_strong_and_quoted(self):
        assert format_etag(7) == '"7"'

    @pytest.mark.parametrize("value", [None, "*", '"7"', '"1", "7"', 'W/"1","7"'])
    def test_it_matches(self, value):
        ensure_etag_match(request_with(value), 7)

    @pytest.mark.parametrize(
        "value", ['"8"', 'W/"7"', "7", "", '"77"', '"1", "2"', '"7', "nonsense"]
    )
    def test_it_does_not(self, value):
        with pytest.raises(Problem) as caught:
            ensure_etag_match(request_with(value), 7)
        assert caught.value.status == 412


@pytest.mark.django_db
class TestPeople:
    """On the screens a person has the budget that a key has."""

    @pytest.fixture
    def dashboard(self, alice) -> str:
        return screen_url(alice.organization, "dashboard")

    @pytest.fixture(autouse=True)
    def _two_requests(self, settings):
        settings.RATE_LIMIT_PER_SECOND, settings.RATE_LIMIT_BURST = 0.01, 2

    def test_who_asks_for_too_many_pages_waits(self, alice, browse, dashboard):
        browser = browse(alice)
        assert [browser.get(dashboard).status_code for _each in range(3)] == [200, 200, 429]
        answer = browser.get(dashboard)
        assert int(answer["Retry-After"]) > 0
        assert "Too many requests" in answer.text

    def test_others_do_not_wait_for_them(self, alice, bob, browse, dashboard):
        for _each in range(3):
            browse(alice).get(dashboard)
        assert browse(bob).get(dashboard).status_code == 200

    def test_a_form_counts_too(self, alice, browse, dashboard):
        browser = browse(alice)
        url = screen_url(alice.organization, "numbers_export")
        assert [browser.post(url).status_code for _each in range(3)] == [302, 302, 429]
        assert alice.organization.exports.count() == 2
