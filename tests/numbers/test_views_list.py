"""The list of numbers: what a search finds, what filters leave, and pages that miss no row."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from numbers.inventory.agents import create_agent
from numbers.inventory.operations import change_number, delete_number
from numbers.models import PhoneNumber
from numbers.numbering.e164 import find_canonical_e164
from numbers.search import ngram_search
from numbers.search.keyset import SORT_ORDERS
from numbers.views.listing.filters import MAX_COUNTED, matching_numbers
from numbers.views.listing.pagination import decode_page_cursor
from tests.support import factories
from tests.support.number_list import create_numbers, get_number_list

pytestmark = pytest.mark.django_db
quick = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
E164 = st.from_regex(r"\A\+[1-9][0-9]{6,14}\Z").map(find_canonical_e164).filter(bool)
LABEL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def found(member, **query) -> list[str]:
    numbers = matching_numbers(member.organization, QueryDict(urlencode(query, doseq=True)))
    return sorted(numbers.values_list("e164", flat=True))


@pytest.fixture(scope="module")
def shelf(django_db_setup, django_db_blocker):
    """An organization without anything, that hypothesis fills and empties."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():
        yield factories.create_member("Shirley")
        transaction.set_rollback(True)


class TestSearch:
    @quick
    @given(held=st.sets(E164, max_size=8), data=st.data())
    def test_a_run_of_digits_is_found_wherever_it_stands(self, shelf, held, data):
        shelf.organization.phone_numbers.all().delete()
        create_numbers(shelf, *held)
        run = data.draw(runs_of(held), label="run")
        wanted = ngram_search.extract_search_digits(run)
        where = str.startswith if len(wanted) < 4 else str.__contains__
        area = f"+1{wanted}" if len(wanted) == 3 else "-"
        naive = {
            n for n in held if where(n[1:], wanted) or n.endswith(wanted) or n.startswith(area)
        }
        for by_grams in (True, False):
            search = ngram_search.build_search_condition(
                shelf.organization.id, run, by_grams=by_grams
            )
            there = shelf.organization.phone_numbers.filter(search)
            assert set(there.values_list("e164", flat=True)) == naive

    @quick
    @given(labels=st.lists(LABEL, min_size=1, max_size=8), data=st.data())
    def test_letters_are_found_wherever_they_stand_in_a_label(self, shelf, labels, data):
        shelf.organization.phone_numbers.all().delete()
        for n, label in enumerate(labels):
            create_numbers(shelf, f"+1415555{n:04}", label=label)
        label = data.draw(st.sampled_from(labels))
        start = data.draw(st.integers(0, max(0, len(label) - 3)))
        word = label[start : start + data.draw(st.integers(3, 12))].strip()
        if len(word) < 3 or not any(map(str.isalpha, word)):
            return
        for by_grams in (True, False):
            search = ngram_search.build_search_condition(
                shelf.organization.id, word.upper(), by_grams=by_grams
            )
            search |= ngram_search.build_search_condition(
                shelf.organization.id, word, by_grams=by_grams
            )
            there = set(
                shelf.organization.phone_numbers.filter(search).values_list("label", flat=True)
            )
            assert label in there
            assert all(word.casefold() in each.casefold() for each in there)

    @pytest.mark.parametrize(
        "text",
        [
            "+1 415 555",
            "(415) 555-01",
            "415.555",
            "5550",
            "0101",
            "14155550101",
            "+1",
            "1",
            "01",
            " 1415",
        ],
    )
    def test_people_spell_numbers_as_they_like(self, alice, text):
        create_numbers(alice, "+14155550101", "+442071838750")
        assert found(alice, q=text) == ["+14155550101"]

    @pytest.mark.parametrize("text", ["+44 (0)20 7183 8750", "020 7183 8750", "0044 20 7183 8750"])
    def test_what_is_dialled_within_a_country_is_no_part_of_the_number(self, alice, text):
        create_numbers(alice, "+14155550101", "+442071838750")
        assert found(alice, q=text) == ["+442071838750"]

    @pytest.mark.parametrize("text", ["(0)", "(0) (0)", "+(0)", "-(0)"])
    def test_no_digits_find_no_number(self, alice, text):
        create_numbers(alice, "+14155550101")
        assert found(alice, q=text) == []

    def test_what_sorts_behind_every_label_finds_none_without(self, alice):
        create_numbers(alice, "+14155550101")
        create_numbers(alice, "+14155550102", label="")
        assert found(alice, q=ngram_search.SORTS_LAST) == []

    @pytest.mark.parametrize("text", ["4711", "47", "711", "11 (0)"])
    def test_digits_are_found_in_labels_too(self, alice, text):
        create_numbers(alice, "+14155550101", "+442071838750")
        (desk,) = create_numbers(alice, "+14155550199", label="4711 (0)")
        for by_grams in (True, False):
            search = ngram_search.build_search_condition(
                alice.organization.id, text, by_grams=by_grams
            )
            assert list(alice.organization.phone_numbers.filter(search)) == [desk]

    def test_behind_a_plus_stands_the_beginning(self, alice):
        create_numbers(alice, "+14155550101", "+4915141500000")
        assert found(alice, q="+1415") == ["+14155550101"]
        assert found(alice, q="1415") == ["+14155550101", "+4915141500000"]

    def test_fewer_than_four_digits_are_found_at_either_end(self, alice):
        create_numbers(alice, "+14155550101", "+442071838750", "+4930901820")
        assert found(alice, q="875") == []
        assert found(alice, q="750") == ["+442071838750"]
        assert found(alice, q="44") == ["+442071838750"]
        assert found(alice, q="415") == ["+14155550101"]  # an area code

    def test_letters_look_into_labels(self, alice):
        create_numbers(alice, "+14155550101", label="Main line 4711")
        create_numbers(alice, "+14155550102", label="100% off_peak")
        assert found(alice, q="LINE 47") == ["+14155550101"]
        assert found(alice, q="ma") == ["+14155550101"]
        assert found(alice, q="in") == []
        assert found(alice, q="0% off_") == ["+14155550102"]
        assert found(alice, q="0x off") == []
        assert found(alice, q="%%%") == found(alice, q="\\") == found(alice, q="'; --") == []

    def test_others_numbers_are_not_found(self, alice, mallory):
        create_numbers(mallory, "+14155550101", label="Main line")
        assert found(alice, q="5550") == found(alice, q="main") == found(alice) == []


def runs_of(held: set[str]) -> st.SearchStrategy:
    """A run out of one of the numbers, or one of chance."""
    chance = st.from_regex(r"\A[0-9]{1,6}\Z")
    if not held:
        return chance
    part = st.tuples(st.sampled_from(sorted(held)), st.integers(1, 12), st.integers(1, 9))
    cut = part.map(lambda it: it[0][it[1] : it[1] + it[2]]).filter(bool)
    return chance | cut


class TestFilters:
    def test_deleted_numbers_show_when_they_are_asked_for(self, alice):
        kept, gone = create_numbers(alice, "+14155550101", "+14155550102")
        PhoneNumber.objects.filter(pk=gone.pk).update(status="deleted", released_at=timezone.now())
        leaving = factories.create_number(alice.by, "+14155550103")
        delete_number(alice.by, leaving.pk)
        assert found(alice) == [kept.e164]
        assert found(alice, status="deleted") == [gone.e164, leaving.e164]
        assert found(alice, status=["removing", "active"]) == [kept.e164, leaving.e164]

    def test_each_leaves_what_it_says(self, alice):
        one = factories.create_number(alice.by, "+14155550101", label="Desk")
        create_agent(alice.by, name="Support", agent_id="support")
        change_number(alice.by, one.pk, inbound_agent_id="support")
        two = create_numbers(alice, "+4930901820", status="failed", source="import", label="")[0]
        late = timezone.now() - timedelta(days=9)
        PhoneNumber.objects.filter(pk=two.pk).update(created_at=late)
        first, second = [one.e164], [two.e164]
        assert found(alice, status="failed") == second
        assert found(alice, carrier=one.carrier_id) == first
        assert found(alice, platform=alice.organization.integrations.get().pk) == first
        assert found(alice, agent="support") == first
        assert found(alice, agent="-") == second
        assert found(alice, country="49") == second
        assert found(alice, source="import") == second
        assert found(alice, label="set") == first
        assert found(alice, label="unset") == second
        assert found(alice, after=timezone.localdate().isoformat()) == first
        assert found(alice, before=late.date().isoformat()) == second

    @pytest.mark.parametrize(
        "wrong",
        [
            {"status": "purple"},
            {"carrier": "x"},
            {"after": "soon"},
            {"country": "x"},
            {"source": "x"},
            {"q": "x" * 101},
            {"q": "a\0b"},
            {"label": "maybe"},
        ],
    )
    def test_one_that_cannot_be_read_leaves_nothing(self, alice, browse, wrong):
        """A bulk change must not take more than was asked for."""
        create_numbers(alice, "+14155550101")
        assert found(alice, **wrong) == []
        answer = get_number_list(browse(alice), alice, **wrong)
        assert answer.status_code == 422
        assert "+1 (415) 555-0101" not in answer.text

    def test_a_strangers_carrier_and_platform_find_nothing(self, alice, mallory):
        theirs = factories.create_number(mallory.by, "+14155550101")
        assert found(alice, carrier=theirs.carrier_id) == []
        assert found(alice, platform=mallory.organization.integrations.get().pk) == []


class TestPages:
    @pytest.mark.parametrize("sort", SORT_ORDERS)
    def test_all_rows_come_once_in_both_directions(self, alice, browse, sort):
        now = timezone.now()
        made = create_numbers(alice, *(f"+1415555{n:04}" for n in range(60)))
        for n, row in enumerate(made):  # with equals under each order
            row.created_at = row.updated_at = now - timedelta(minutes=n // 7)
            row.label = [None, "", "Alpha", "beta", "Émile", "zz"][n % 6]
        made[3].e164 = made[4].e164
        made[3].status, made[3].released_at = "deleted", now
        fields = ["created_at", "updated_at", "label", "e164", "status", "released_at"]
        PhoneNumber.objects.bulk_update(made, fields)
        client, query = browse(alice), {"size": "25", "sort": sort, "status": STATUSES}
        there, last = walk(client, alice, query, "older")
        back, _first = walk(client, alice, last, "newer")
        assert len(there) == len(set(there)) == 60
        assert sorted(back, key=there.index) == there
        assert there == by_hand(made, sort)

    @pytest.mark.parametrize(
        "place", ["x", "%00", "e30", "W10", "WzAsMSwyXQ", "🙂", "a" * 500, "WzEsIngiLCJ4Il0"]
    )
    @pytest.mark.parametrize("sort", ["newest", "label", "nonsense"])
    def test_nonsense_is_the_first_page(self, alice, browse, place, sort):
        create_numbers(alice, "+14155550101")
        answer = get_number_list(
            browse(alice), alice, page=place, sort=sort, size="-1", columns="x"
        )
        assert "+1 (415) 555-0101" in answer.text

    def test_a_place_of_another_order_is_none(self):
        assert decode_page_cursor(SORT_ORDERS["newest"], "WzAsICJhYmMiLCAiMDAiXQ") == (None, False)

    def test_very_many_are_not_counted(self, alice, browse, monkeypatch):
        monkeypatch.setattr("numbers.views.listing.filters.MAX_COUNTED", 2)
        monkeypatch.setattr("numbers.views.listing.number_list.MAX_COUNTED", 2)
        create_numbers(alice, "+14155550101", "+14155550102", "+14155550103")
        assert "2+ numbers" in get_number_list(browse(alice), alice).text
        assert "2+ numbers" in get_number_list(browse(alice), alice, q="5550").text
        assert MAX_COUNTED == 5_000


STATUSES = ["active", "deleted"]


def walk(client, member, query: dict, way: str) -> tuple[list, dict]:
    """The rows from here to the end, and the last page's query."""
    seen: list = []
    while True:
        answer = get_number_list(client, member, **query)
        page = answer.context["pager"]
        pks = [row.pk for row in page.rows]
        seen = seen + pks if way == "older" else pks + seen
        if not (link := getattr(page, way)):
            return list(dict.fromkeys(seen)), query
        query = dict(QueryDict(link.lstrip("?")).lists())


def by_hand(made: list[PhoneNumber], sort: str) -> list:
    falling = sort in ("newest", "changed")
    keys = {
        "newest": lambda row: row.created_at,
        "oldest": lambda row: row.created_at,
        "changed": lambda row: row.updated_at,
        "number": lambda row: row.e164,
        "label": lambda row: (row.label or "\U0010ffff").lower(),
    }
    key = keys[sort]
    return [row.pk for row in sorted(made, key=lambda row: (key(row), row.pk), reverse=falling)]
