"""Query parameters and pages."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.http import QueryDict

from organizations.models import Organization
from organizations.web.api import query_parameters
from organizations.web.api.pagination import (
    PAGE_PARAMETERS,
    decode_cursor,
    encode_cursor,
    fetch_page_rows,
    page_envelope,
    paginate_rows,
)
from organizations.web.api.problems import Problem
from organizations.web.api.query_parameters import parse_query

NOON = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


def errors_of(query: str, readers) -> dict[str, str]:
    with pytest.raises(Problem) as caught:
        parse_query(QueryDict(query), readers)
    assert caught.value.status == 400
    return {error["path"]: error["code"] for error in caught.value.errors}


class TestReadQuery:
    def test_only_what_was_given_is_in_it(self):
        readers = {"a": query_parameters.text_parser(3), "b": query_parameters.text_parser(3)}
        assert parse_query(QueryDict("a=x"), readers) == {"a": "x"}
        assert parse_query(QueryDict(""), readers) == {}

    def test_an_unknown_parameter_is_named(self):
        assert errors_of("colour=red", {}) == {"colour": "unknown"}

    def test_all_errors_are_told_at_once(self):
        readers = {"a": query_parameters.parse_uuid_parameter}
        assert errors_of("a=1&b=2", readers) == {"a": "invalid", "b": "unknown"}

    @pytest.mark.parametrize("query", ["a=x&a=x", "a=x&a=y", "a=%00", "a=x%0Ay", "a=%C2%85"])
    def test_repeated_ones_and_control_characters_are_refused(self, query):
        assert errors_of(query, {"a": query_parameters.text_parser(9)}) == {"a": "invalid"}

    @pytest.mark.parametrize(
        ("reader", "text", "value"),
        [
            (
                query_parameters.parse_uuid_parameter,
                "5f0c2d7e-3b1a-4c86-9f3d-0a7d1c2b9e44",
                UUID("5f0c2d7e3b1a4c869f3d0a7d1c2b9e44"),
            ),
            (query_parameters.parse_timestamp, "2026-11-20T12:00:00.123456Z", NOON),
            (query_parameters.parse_timestamp, "2026-11-20T13:00:00.123456+01:00", NOON),
            (query_parameters.parse_timestamp, "2026-11-21T11:59:00.123456+23:59", NOON),
            (query_parameters.choice_parser(["a", "b"]), "b", "b"),
            (query_parameters.text_parser(2), "éé", "éé"),
            (query_parameters.parse_boolean, "true", True),
            (query_parameters.parse_boolean, "false", False),
            (query_parameters.integer_parser(1, 200), "200", 200),
        ],
    )
    def test_readers_read(self, reader, text, value):
        assert reader(text) == value

    @pytest.mark.parametrize(
        ("reader", "text"),
        [
            (query_parameters.parse_uuid_parameter, "nonsense"),
            (query_parameters.parse_timestamp, "2026-11-20"),
            (query_parameters.parse_timestamp, "2026-11-20T12:00:00"),
            (query_parameters.parse_timestamp, "2026-13-20T12:00:00Z"),
            (query_parameters.parse_timestamp, "yesterday"),
            (query_parameters.parse_timestamp, "0001-01-01T00:00:00+00:01"),
            (query_parameters.parse_timestamp, "9999-12-31T23:59:59-00:01"),
            (query_parameters.choice_parser(["a", "b"]), "c"),
            (query_parameters.choice_parser(["a", "b"]), ""),
            (query_parameters.text_parser(2), "abc"),
            (query_parameters.text_parser(2), ""),
            (query_parameters.parse_boolean, "True"),
            (query_parameters.parse_boolean, "1"),
            (query_parameters.integer_parser(1, 200), "0"),
            (query_parameters.integer_parser(1, 200), "201"),
            (query_parameters.integer_parser(1, 200), "1.0"),
            (query_parameters.integer_parser(1, 200), "٣"),
            (query_parameters.integer_parser(1, 200), " 3"),
            (query_parameters.integer_parser(1, 200), "1" * 5000),
        ],
    )
    def test_readers_refuse_with_a_sentence(self, reader, text):
        with pytest.raises(ValueError, match="expected"):
            reader(text)


class TestCursor:
    def test_it_is_a_place(self):
        row_id = uuid4()
        assert decode_cursor(encode_cursor(NOON, row_id)) == (NOON, row_id)

    def test_it_fits_into_an_address(self):
        assert encode_cursor(NOON, uuid4()).replace("-", "").replace("_", "").isalnum()

    def test_a_changed_one_is_refused_at_every_place(self):
        cursor = encode_cursor(NOON, uuid4())
        for place in range(len(cursor)):
            other = "A" if cursor[place] != "A" else "B"
            with pytest.raises(ValueError, match="cursor"):
                decode_cursor(cursor[:place] + other + cursor[place + 1 :])

    @pytest.mark.parametrize(
        "text", ["", "x", "é", "2026-11-20T12:00:00Z", "A" * 43, "A" * 500, "!!!!"]
    )
    def test_any_other_text_is_refused(self, text):
        with pytest.raises(ValueError, match="cursor"):
            decode_cursor(text)

    def test_another_installations_cursor_is_refused(self, settings):
        cursor = encode_cursor(NOON, uuid4())
        settings.SECRET_KEY = "another" * 10
        with pytest.raises(ValueError, match="cursor"):
            decode_cursor(cursor)

    def test_the_parameter_is_named(self):
        assert errors_of("cursor=x&limit=201", PAGE_PARAMETERS) == {
            "cursor": "invalid",
            "limit": "invalid",
        }


@pytest.mark.django_db
class TestPages:
    @pytest.fixture(autouse=True)
    def rows(self) -> list[Organization]:
        """Seven, of which three were made in one moment."""
        made = Organization.objects.bulk_create(Organization(name=str(n)) for n in range(7))
        for number, row in enumerate(made):
            at = NOON - timedelta(microseconds=max(number, 2) if number < 5 else number)
            Organization.objects.filter(pk=row.pk).update(created_at=at)
        return made

    def walk(self, **query) -> list[list[str]]:
        pages, cursor = [], None
        for _ in range(20):
            given = (
                parse_query(QueryDict("cursor=" + cursor if cursor else ""), PAGE_PARAMETERS)
                | query
            )
            found = paginate_rows(Organization.objects.all(), given, lambda row: row.name)
            pages.append(found["data"])
            cursor = found["next_cursor"]
            if cursor is None:
                break
        return pages

    @pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
    def test_every_row_is_on_one_page_newest_first(self, limit):
        pages = self.walk(limit=limit)
        names = [name for one in pages for name in one]
        expected = Organization.objects.order_by("-created_at", "-id")
        assert names == [row.name for row in expected]
        assert {len(one) for one in pages[:-1]} <= {limit}
        assert pages[-1]

    def test_a_row_added_meanwhile_moves_nothing(self):
        first = paginate_rows(Organization.objects.all(), {"limit": 3})
        Organization.objects.create(name="new")
        place = decode_cursor(first["next_cursor"])
        second = paginate_rows(Organization.objects.all(), {"limit": 10, "cursor": place})
        assert len(second["data"]) == 4

    def test_rows_may_be_dicts(self):
        rows = fetch_page_rows(Organization.objects.values("id", "created_at"), {"limit": 2})
        assert len(rows) == 3
        found = page_envelope(rows, 2)
        assert found["data"] == rows[:2]
        assert decode_cursor(found["next_cursor"])[1] == rows[1]["id"]

    def test_the_limit_is_50_unless_said(self):
        Organization.objects.bulk_create(Organization(name=f"more {n}") for n in range(60))
        assert len(paginate_rows(Organization.objects.all(), {})["data"]) == 50

    def test_an_empty_list(self):
        assert paginate_rows(Organization.objects.none(), {}) == {"data": [], "next_cursor": None}

    def test_it_takes_one_query(self, django_assert_num_queries):
        with django_assert_num_queries(1):
            paginate_rows(Organization.objects.all(), {"limit": 2, "cursor": (NOON, uuid4())})
