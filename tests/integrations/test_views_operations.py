"""The ledger on the screens: the list with its filters and pages, one operation, trying now."""

from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from integrations.ledger.operation_requests import connect_integration
from integrations.ledger.platform_queries import request_query
from integrations.models import Operation, ProviderCall
from organizations.web.views.base import screen_url
from organizations.web.views.pagination import paginate_keyset
from tests.support import factories

pytestmark = pytest.mark.django_db
OUT = "+15005550005"  # the sandbox is always out for it


def url(member, name: str, **path) -> str:
    return screen_url(member.organization, name, **path)


def listed(browse, member, query: str = "") -> list[str]:
    page = browse(member).get(url(member, "operations") + query)
    return [entry["row"].subject_label for entry in page.context["operations"]]


@pytest.fixture
def postponed(alice):
    """The operation of a number that was tried once in vain."""
    number = factories.create_number(alice.by, OUT)
    return Operation.objects.get(subject_id=number.placements.get().pk)


class TestTheList:
    def test_filters_narrow_it(self, alice, browse, postponed):
        factories.create_number(alice.by, "+14155550101")
        check = factories.create_sandbox(alice.by, name="Second", default=False)
        assert len(listed(browse, alice)) == 3
        assert listed(browse, alice, "?status=open") == [OUT]
        assert listed(browse, alice, "?wish=check") == [str(check)]
        assert listed(browse, alice, "?subject=placement") == ["+14155550101", OUT]
        assert listed(browse, alice, f"?integration={check.public_id}") == [str(check)]

    def test_questions_are_one_kind(self, alice, browse):
        request_query(alice.by, alice.organization.integrations.get(), "discover")
        assert len(listed(browse, alice, "?subject=question")) == 1
        assert listed(browse, alice, "?subject=carrier") == []

    @pytest.mark.parametrize(
        "query", ["status=x", "wish=%00", "subject=x", "integration=intg_0", "pressing=x"]
    )
    def test_a_value_nobody_offers_finds_nothing(self, alice, browse, postponed, query):
        assert listed(browse, alice, f"?{query}") == []

    def test_what_is_held_back_waits(self, alice, browse, postponed):
        assert listed(browse, alice, "?pressing=waiting") == []
        alice.organization.integrations.update(state="paused", state_reason="Revoked.")
        assert listed(browse, alice, "?pressing=waiting") == [OUT]

    def test_only_its_integration_s_rest_holds_a_check_back(self, alice, browse):
        """It goes out even while the integration was never connected."""
        account = {"base_url": "https://jambonz.example.com/v1", "token": "a-key"}
        integration, check = connect_integration(
            alice.by, kind="jambonz", name="Berlin", account=account
        )
        assert listed(browse, alice, "?pressing=waiting") == []
        Operation.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=2))
        assert listed(browse, alice, "?pressing=late") == [str(integration)]
        soon = timezone.now() + timedelta(minutes=5)
        rows = alice.organization.integrations.filter(pk=integration.pk)
        rows.update(failures=6, open_until=soon)
        assert listed(browse, alice, "?pressing=late") == []
        page = browse(alice).get(url(alice, "operation", operation_id=check.pk)).text
        assert "rests until" in page

    def test_what_is_due_and_in_nobody_s_hands_is_late(self, alice, browse, postponed):
        assert listed(browse, alice, "?pressing=late") == []
        long_ago = timezone.now() - timedelta(minutes=2)
        Operation.objects.filter(pk=postponed.pk).update(next_attempt_at=long_ago)
        assert listed(browse, alice, "?pressing=late") == [OUT]

    def test_what_fails_again_and_again_is_found(self, alice, browse, postponed):
        Operation.objects.filter(pk=postponed.pk).update(attempts=3)
        assert listed(browse, alice, "?pressing=failing") == [OUT]

    def test_it_is_live_only_while_something_is_open(self, alice, browse, postponed):
        live = 'hx-trigger="every 5s"'
        assert live in browse(alice).get(url(alice, "operations")).text
        assert live not in browse(alice).get(url(alice, "operations") + "?status=done").text

    def test_strangers_operations_are_not_in_it(self, alice, mallory, browse, postponed):
        assert listed(browse, mallory) == []

    def test_an_operation_says_why_it_is_not_done(self, alice, browse, postponed):
        assert "as this magic number asks" in browse(alice).get(url(alice, "operations")).text


class TestPages:
    def test_forward_and_back_each_row_once(self, alice):
        integration = alice.organization.integrations.get()
        for n in range(7):
            factories.create_number(alice.by, f"+1415555010{n}", settled=False)
        rows = integration.operations.all()
        seen, query = [], ""
        while True:
            page = paginate_keyset(rows, QueryDict(query), size=3)
            seen.append([row.pk for row in page.rows])
            if not page.older:
                break
            query = page.older.removeprefix("?")
        assert [len(part) for part in seen] == [3, 3, 1]
        assert len({pk for part in seen for pk in part}) == 7
        back = paginate_keyset(rows, QueryDict(page.newer.removeprefix("?")), size=3)
        assert [row.pk for row in back.rows] == seen[1]
        first = paginate_keyset(rows, QueryDict(back.newer.removeprefix("?")), size=3)
        assert [row.pk for row in first.rows] == seen[0]
        assert not first.newer

    def test_a_cursor_of_nobody_s_shows_the_first_page(self, alice):
        rows = alice.organization.operations.all()
        assert paginate_keyset(rows, QueryDict("older_than=nonsense")).rows == list(rows)

    def test_filters_stay_in_the_links(self, alice):
        for n in range(3):
            factories.create_number(alice.by, f"+1415555010{n}", settled=False)
        page = paginate_keyset(
            alice.organization.operations.all(), QueryDict("status=open"), size=2
        )
        assert page.older.startswith("?status=open&older_than=")


class TestOne:
    def test_it_leads_to_its_number(self, alice, browse, postponed):
        page = browse(alice).get(url(alice, "operation", operation_id=postponed.pk)).text
        number = alice.organization.phone_numbers.get()
        assert url(alice, "number", number_id=number.pk) in page
        assert "Set up the number on the platform" in page
        assert 'hx-trigger="every 2s"' in page

    def test_it_leads_to_its_carrier(self, alice, browse):
        carrier = factories.create_carrier(alice.by, name="Second trunk")
        operation = Operation.objects.get(subject_id=carrier.pk)
        page = browse(alice).get(url(alice, "operation", operation_id=operation.pk)).text
        assert url(alice, "carrier", carrier_id=carrier.pk) in page

    def test_its_calls_are_shown(self, alice, browse, postponed):
        ProviderCall.objects.create(
            organization=alice.organization,
            integration=postponed.integration,
            operation=postponed,
            method="POST",
            url="https://p.example.com/x",
            status=503,
            duration_ms=7,
        )
        page = browse(alice).get(url(alice, "operation", operation_id=postponed.pk)).text
        assert "POST https://p.example.com/x" in page

    def test_of_the_installation_s_platform_nothing_is_told(
        self, alice, mallory, browse, postponed
    ):
        lair = mallory.organization.integrations.get()
        lair.name = "Evil lair"
        lair.save()
        Operation.objects.filter(pk=postponed.pk).update(integration=lair)
        page = browse(alice).get(url(alice, "operation", operation_id=postponed.pk)).text
        assert "the installation&#x27;s platform" in page or "the installation's platform" in page
        assert "Evil lair" not in page
        assert "Evil lair" not in browse(alice).get(url(alice, "operations")).text

    def test_a_stranger_s_is_not_found(self, mallory, browse, postponed):
        address = url(mallory, "operation", operation_id=postponed.pk)
        assert browse(mallory).get(address).status_code == 404


class TestTryNow:
    def post(self, browse, member, operation):
        return browse(member).post(
            url(member, "operation_try", operation_id=operation.pk), follow=True
        )

    def test_the_next_attempt_is_due_at_once(self, alice, browse, postponed):
        Operation.objects.update(next_attempt_at=timezone.now() + timedelta(hours=1))
        assert f"{OUT}: the next attempt is due now" in self.post(browse, alice, postponed).text
        postponed.refresh_from_db()
        assert postponed.next_attempt_at <= timezone.now()
        event = alice.organization.events.get(action="operation.retried")
        assert event.actor_kind == "member"

    def test_a_settled_one_is_left_alone_and_says_so(self, alice, browse):
        factories.create_number(alice.by, "+14155550101")
        operation = alice.organization.operations.get()
        assert "It is settled." in self.post(browse, alice, operation).text

    def test_who_reads_may_not_and_sees_no_button(self, alice, carol, browse, postponed):
        address = url(alice, "operation_try", operation_id=postponed.pk)
        assert browse(carol).post(address).status_code == 403
        page = browse(carol).get(url(alice, "operation", operation_id=postponed.pk)).text
        assert address not in page
