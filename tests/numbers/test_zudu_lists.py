"""Lists in Zudu's dialect: GET /api/phone-numbers, POST /api/phone-numbers/list, and the numbers
without an agent."""

import pytest

from numbers.inventory.operations import delete_number
from tests.support import factories
from tests.support.dialects import DIALECTS
from tests.support.zudu_client import create_zudu_number, is_zudu_refusal

pytestmark = pytest.mark.django_db
send = DIALECTS["zudu"].send
URL = "/api/phone-numbers"


def numbers(answer) -> list[str]:
    return [row["phone_number"] for row in answer.json()["data"]["phone_numbers"]]


@pytest.fixture
def three(alice):
    """Two of Zudu's, one of /v1 without a nickname; the last changed last."""
    create_zudu_number(alice, "+14155550101", nickname="Sales", inbound_agent_id="agent_1")
    create_zudu_number(
        alice, "+12125550102", nickname="Customer sales", outbound_agent_id="agent_1"
    )
    factories.create_number(alice.by, "+18005551234")


def test_the_page_says_where_it_is(alice, three):
    data = send(alice, "GET", f"{URL}?limit=2&page=1&sort_by=phone_number").json()["data"]
    assert [row["phone_number"] for row in data.pop("phone_numbers")] == ["+12125550102"]
    assert data == {
        "organization_id": alice.organization.public_id,
        "returned_count": 1,
        "pagination": {
            "page": 1,
            "limit": 2,
            "total_pages": 2,
            "total_count": 3,
            "has_next": False,
            "has_previous": True,
        },
        "sort_order": "descending",
        "sort_by": "phone_number",
        "applied_filters": {},
    }


def test_the_last_changed_comes_first(alice, three):
    assert numbers(send(alice, "GET", URL)) == ["+18005551234", "+12125550102", "+14155550101"]


@pytest.mark.parametrize(
    ("sort_by", "first"),
    [("phone_number", "+12125550102"), ("nickname", "+12125550102"), ("area_code", "+12125550102")],
)
def test_it_is_sorted_by_body_and_by_query(alice, three, sort_by, first):
    wish = {"sort_by": sort_by, "sort_order": "ascending"}
    found = numbers(send(alice, "POST", f"{URL}/list", wish))
    query = f"{URL}?sort_by={sort_by}&sort_order=ascending"
    assert found == numbers(send(alice, "GET", query))
    assert (found[0], found[-1]) == (first, "+18005551234")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"nickname": "SALES"}, {"+14155550101", "+12125550102"}),
        ({"nickname": "customer"}, {"+12125550102"}),
        ({"area_code": 800}, {"+18005551234"}),
        ({"agent_id": "agent_1"}, {"+14155550101", "+12125550102"}),
        ({"agent_id": "agent_1", "area_code": 415}, {"+14155550101"}),
        ({"agent_id": "agent"}, set()),
    ],
)
def test_it_is_filtered_by_body_and_by_query(alice, three, filters, found):
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    answers = [
        send(alice, "GET", f"{URL}?{query}"),
        send(alice, "POST", f"{URL}/list", {"filter_criteria": filters}),
    ]
    for answer in answers:
        assert set(numbers(answer)) == found
        assert answer.json()["data"]["applied_filters"] == filters


def test_pages_of_equal_rows_miss_none(alice):
    for n in range(6):
        create_zudu_number(alice, f"+1415555{n:04}")
    query = f"{URL}?sort_by=area_code&limit=2&page="
    seen = [number for n in range(3) for number in numbers(send(alice, "GET", f"{query}{n}"))]
    assert seen == list(
        alice.organization.phone_numbers.order_by("-id").values_list("e164", flat=True)
    )


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=x", "page=-1", "sort_by=id", "sort_order=asc"]
    + ["area_code=41", "agent_id=", "nickname=%00", "colour=red", "page=1&page=2"],
)
def test_a_query_that_cannot_be_is_refused_by_name(alice, query):
    answer = send(alice, "GET", f"{URL}?{query}")
    assert is_zudu_refusal(answer, 400, "invalid-request")
    assert answer.json()["message"].startswith(query.partition("=")[0] + ": ")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"limit": "5"}, "limit"),
        ({"page": -1}, "page"),
        ({"page": True}, "page"),
        ({"sort_by": "id"}, "sort_by"),
        ({"filter_criteria": {"colour": "red"}}, "filter_criteria.colour"),
        ({"filter_criteria": []}, "filter_criteria"),
        ({"nickname": "sales"}, "nickname"),
    ],
)
def test_a_body_that_cannot_be_is_refused_by_name(alice, body, path):
    answer = send(alice, "POST", f"{URL}/list", body)
    assert is_zudu_refusal(answer, 400, "invalid-request")
    assert answer.json()["message"].startswith(f"{path}: ")


def test_available_are_the_living_ones_without_any_agent(alice, three, mallory):
    data = send(alice, "GET", f"{URL}/available").json()["data"]
    (free,) = data["phone_numbers"]
    assert (data["available_count"], data["organization_id"]) == (1, alice.organization.public_id)
    assert set(free) == {
        *("phone_number", "nickname", "area_code", "phone_number_type", "number_provider"),
        *("inbound_agent_id", "outbound_agent_id", "created_at"),
        *("provisioning_status", "error_message"),
    }
    assert free["phone_number"] == "+18005551234"
    assert send(mallory, "GET", f"{URL}/available").json()["data"]["available_count"] == 0


def test_deleted_numbers_are_hidden_everywhere(alice, three):
    for number in alice.organization.phone_numbers.all():
        delete_number(alice.by, number.pk)
    for answer in (
        send(alice, "GET", URL),
        send(alice, "POST", f"{URL}/list", {}),
        send(alice, "GET", f"{URL}/available"),
    ):
        assert numbers(answer) == []


@pytest.mark.parametrize("path", ["", "/available"])
def test_a_list_takes_three_queries(alice, three, path, django_assert_num_queries):
    send(alice, "GET", URL)  # notes that the key was used
    with django_assert_num_queries(3):  # the key; the rows; their count
        send(alice, "GET", URL + path)
