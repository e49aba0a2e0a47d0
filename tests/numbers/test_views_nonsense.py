"""Days that are none and texts with control characters: refused with a sentence, wherever."""

import pytest

from numbers.bulk.jobs import BulkJobError, create_change_job
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db
CONTROLLED = ["a\0b", "a\nb", "a\tb", "a\x7fb"]


@pytest.fixture
def number(alice):
    return factories.create_number(alice.by, "+14155550101", label="Main line")


def url(member, name, **path):
    return screen_url(member.organization, name, **path)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1969-12-31"])
class TestDays:
    @pytest.mark.parametrize("name", ["after", "before"])
    def test_the_list_says_so(self, alice, browse, number, name, day):
        answer = browse(alice).get(url(alice, "numbers"), {name: day})
        assert answer.status_code == 422
        assert "Ensure this value is" in answer.text

    def test_the_export_leads_back(self, alice, browse, day):
        answer = browse(alice).post(url(alice, "numbers_export") + f"?before={day}")
        assert answer["Location"] == url(alice, "numbers")

    def test_a_bulk_change_takes_nothing(self, alice, browse, number, day):
        sent = {"action": "deactivate", "all": "1", "query": f"before={day}"}
        browse(alice).post(url(alice, "batches_propose"), sent)
        assert not alice.organization.batches.exists()

    @pytest.mark.parametrize("name", ["since", "until"])
    def test_the_audit_log_says_so(self, alice, browse, name, day):
        answer = browse(alice).get(url(alice, "events"), {name: day})
        assert answer.status_code == 200
        assert "Ensure this value is" in answer.text


def test_the_last_day_that_counts(alice, browse, number):
    answer = browse(alice).get(url(alice, "numbers"), {"before": "9998-12-31"})
    assert "14155550101" in answer.text.replace(" ", "").replace("-", "")


@pytest.mark.parametrize("text", CONTROLLED)
class TestLabels:
    def test_a_bulk_change_refuses_it(self, alice, number, text):
        numbers = alice.organization.phone_numbers.all()
        for action, name in (("label", "label"), ("assign", "agent_id")):
            with pytest.raises(BulkJobError, match="control characters"):
                create_change_job(alice.by, action=action, options={name: text}, numbers=numbers)

    @pytest.mark.parametrize("name", ["label", "inbound_agent_id", "outbound_agent_id"])
    def test_a_number_is_not_changed(self, alice, browse, number, text, name):
        answer = browse(alice).post(url(alice, "number_edit", number_id=number.pk), {name: text})
        assert answer.status_code == 422
        assert "characters are not allowed" in answer.text

    @pytest.mark.parametrize("name", ["label", "inbound_agent_id"])
    def test_no_number_is_added(self, alice, browse, text, name):
        sent = {"number": "+14155550102", name: text}
        answer = browse(alice).post(url(alice, "add_one"), sent)
        assert "characters are not allowed" in answer.text
        assert not alice.organization.phone_numbers.exists()

    def test_in_place_it_is_refused(self, alice, browse, number, text):
        browse(alice).post(url(alice, "number_label", number_id=number.pk), {"label": text})
        number.refresh_from_db()
        assert number.label == "Main line"


@pytest.mark.parametrize("place", ["9" * 30, "-1", "²", "x", "\0"])
def test_a_place_that_is_none_is_the_first_page(alice, browse, place):
    assert browse(alice).get(url(alice, "agents"), {"from": place}).status_code == 200
