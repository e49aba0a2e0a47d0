"""The page of a number, and what can be done there."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from integrations.models import Integration, Operation, ProviderCall
from numbers.inventory.acquisition import add_provider_number
from numbers.inventory.allowed_actions import MERGE_DUPLICATES_HINT
from numbers.inventory.operations import change_number, delete_number
from numbers.models import PhoneNumber
from organizations.models import Event
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db
REFUSED, OUT = "+15005550001", "+15005550005"


@pytest.fixture
def number(alice) -> PhoneNumber:
    return factories.create_number(alice.by, "+14155550101", label="Main line")


def url(number: PhoneNumber, name: str = "number", **path) -> str:
    return screen_url(number.organization, name, number_id=number.pk, **path)


def do(client, number: PhoneNumber, deed: str):
    answer = client.post(url(number, "number_do", deed=deed), follow=True)
    number.refresh_from_db()
    return answer


class TestThePage:
    def test_it_shows_number_state_and_ids(self, alice, browse, number):
        page = browse(alice).get(url(number)).text
        for text in ("+1 (415) 555-0101", number.e164, "Main line", "It is set up"):
            assert text in page
        for known in (number.public_id, number.phone_number_sid, number.pk, "Acme Trunk"):
            assert str(known) in page
        assert number.placements.get().refs["sid"] in page

    def test_a_settled_number_is_not_polled(self, alice, browse, number):
        assert "hx-trigger" not in browse(alice).get(url(number)).text

    def test_a_pending_one_is(self, alice, browse):
        number = factories.create_number(alice.by, settled=False)
        page = browse(alice).get(url(number)).text
        assert 'hx-trigger="every 2s"' in page
        assert "An attempt is about to start" in page

    def test_a_failed_one_says_why_and_what_next(self, alice, browse):
        number = factories.create_number(alice.by, REFUSED)
        page = browse(alice).get(url(number)).text
        assert "the number is not in this account" in page
        assert "Mend what is named above" in page
        assert "Try again" in page

    def test_a_postponed_one_tells_attempts_and_the_next(self, alice, browse):
        number = factories.create_number(alice.by, OUT)
        Operation.objects.filter(status="open").update(
            next_attempt_at=timezone.now() + timedelta(minutes=3)
        )
        page = browse(alice).get(url(number)).text
        for text in ("The sandbox is out", "1 attempt so far", "Next attempt:", "Try now"):
            assert text in page

    def test_one_that_waits_for_its_carrier_says_so(self, alice, browse):
        carrier = factories.create_carrier(alice.by, name="Slow Trunk", settled=False)
        number = factories.create_number(
            alice.by, settled=False, voip_carrier_sid=carrier.voip_carrier_sid
        )
        page = browse(alice).get(url(number)).text
        assert "Waits for Slow Trunk to be set up." in page
        assert "It goes on by itself then." in page

    def test_a_paused_platform_is_the_reason(self, alice, browse):
        number = factories.create_number(alice.by, settled=False)
        Integration.objects.update(state="paused", state_reason="The key was revoked.")
        assert "The key was revoked." in browse(alice).get(url(number)).text

    def test_what_waits_for_its_platform_does_not_start_within_seconds(self, alice, browse):
        number = factories.create_number(alice.by, settled=False)
        until = timezone.now() + timedelta(minutes=1)
        Integration.objects.update(failures=9, open_until=until)
        Operation.objects.filter(status="open").update(reason="The platform is out.")
        page = browse(alice).get(url(number)).text.partition("<ol")[0]
        assert "The platform is out." in page
        assert "rests until" in page
        assert "It goes on by itself then." in page
        assert "about to start" not in page

    def test_a_recorded_one_is_on_no_platform(self, alice, browse):
        number = add_provider_number(alice.by, number="+14155550102", provider=None)
        page = browse(alice).get(url(number)).text
        assert "It is only recorded here" in page
        assert "Activate" not in page

    def test_a_deleted_one_has_a_page(self, alice, browse, number):
        delete_number(alice.by, number.pk)
        page = browse(alice).get(url(number)).text
        assert "being removed" in page
        assert "number_edit" not in page
        factories.run_number_operations(number)
        page = browse(alice).get(url(number)).text
        assert "gone from its platforms" in page
        assert "Gone since" in page
        assert "nothing was made there" not in page

    def test_a_stranger_finds_nothing(self, mallory, browse, number):
        assert browse(mallory).get(url(number)).status_code == 404
        foreign = screen_url(mallory.organization, "number", number_id=number.pk)
        assert browse(mallory).get(foreign).status_code == 404

    def test_a_viewer_sees_no_button(self, carol, browse, number):
        page = browse(carol).get(url(number)).text
        assert "+1 (415) 555-0101" in page
        assert "<form" not in page.partition("<main")[2].partition("</main")[0]
        for name in ("number_edit", "number_delete"):
            assert url(number, name) not in page
            assert browse(carol).get(url(number, name)).status_code == 403
        for deed in ("deactivate", "repair"):
            answer = browse(carol).post(url(number, "number_do", deed=deed))
            assert answer.status_code == 403

    def test_of_the_installations_account_nothing_is_told(self, alice, mallory, browse):
        shared = mallory.organization.carriers.get()
        mallory.organization.integrations.update(name="Top secret account")
        mallory.organization.carriers.update(is_installation_default=True)
        number = factories.create_number(alice.by, voip_carrier_sid=shared.voip_carrier_sid)
        call(number, "https://platform.example.com/v1/private")
        browser = browse(alice)
        browser.post(url(number, "number_look"))
        factories.run_due_operations()
        page = browser.get(url(number)).text
        assert "The installation's platform" in page
        assert "It is there as it shall be" in page
        for text in ("Top secret", "v1/private", number.placements.get().refs["sid"]):
            assert text not in page


class TestTheLivePart:
    def fragment(self, client, number, seen=""):
        return client.get(url(number), {"seen": seen}, headers={"HX-Request": "true"})

    def test_nothing_new_is_no_content(self, alice, browse):
        number = factories.create_number(alice.by, settled=False)
        client = browse(alice)
        first = self.fragment(client, number)
        assert (first.status_code, "<html" in first.text) == (200, False)
        seen = first.context["seen"]
        assert self.fragment(client, number, seen).status_code == 204

    def test_an_attempt_is_news(self, alice, browse):
        number = factories.create_number(alice.by, OUT, settled=False)
        client = browse(alice)
        seen = self.fragment(client, number).context["seen"]
        factories.run_number_operations(number)
        answer = self.fragment(client, number, seen)
        assert answer.status_code == 200
        assert "1 attempt so far" in answer.text

    def test_the_end_stops_the_polling(self, alice, browse):
        number = factories.create_number(alice.by, settled=False)
        client = browse(alice)
        seen = self.fragment(client, number).context["seen"]
        factories.run_number_operations(number)
        answer = self.fragment(client, number, seen)
        assert answer.status_code == 286
        assert "It is set up" in answer.text


def call(number: PhoneNumber, address: str) -> ProviderCall:
    operation = Operation.objects.get(subject_id=number.placements.get().pk)
    return ProviderCall.objects.create(
        organization=number.organization,
        integration=operation.integration,
        operation=operation,
        attempt=1,
        method="POST",
        url=address,
        status=201,
        duration_ms=12,
        request_body='{"name": "trunk"}',
        response_body='{"sid": "x"}',
    )


class TestTheStory:
    def test_it_tells_who_asked_by_what(self, alice, browse, number, api):
        api(alice).patch(f"/v1/phone-numbers/{number.pk}", {"label": "By a program"})
        page = browse(alice).get(url(number)).text
        assert "by API key Alice&#x27;s key" in page
        assert "<del>Main line</del>" in page
        assert "<ins>By a program</ins>" in page

    @pytest.mark.parametrize("language", ["en", "de"])
    def test_a_switch_is_told_in_words(self, alice, browse, number, language):
        change_number(alice.by, number.pk, status="inactive")
        factories.run_number_operations(number)
        told = browse(alice).get(url(number), headers={"Accept-Language": language})
        story = told.text.partition('<ol class="timeline">')[2].partition("</ol>")[0]
        assert "inactive</ins>" not in story  # neither as a status nor as a wish
        assert not any(entry.changes for entry in told.context["timeline"].entries)

    def test_who_asked_for_a_switch_is_told(self, alice, browse, number):
        change_number(alice.by, number.pk, status="inactive", label="Night", outbound_agent_id="x")
        page = browse(alice).get(url(number)).text
        assert "Asked to switch it off" in page
        assert "<ins>Night</ins>" in page

    def test_calls_stand_in_folds(self, alice, browse, number):
        call(number, "https://platform.example.com/v1/Numbers")
        page = browse(alice).get(url(number)).text
        assert "POST https://platform.example.com/v1/Numbers" in page
        assert "&quot;name&quot;: &quot;trunk&quot;" in page

    def test_a_viewer_reads_operations_and_no_audit_log(self, carol, browse, number):
        page = browse(carol).get(url(number))
        assert all(entry.chapter for entry in page.context["timeline"].entries)
        assert page.context["timeline"].entries

    def test_it_is_paged_without_loss_or_repetition(self, alice, browse, number):
        for turn in range(30):
            change_number(alice.by, number.pk, label=f"Name {turn}")
        client, before, seen = browse(alice), "", []
        while True:
            line = client.get(url(number), {"before": before}).context["timeline"]
            seen += [(entry.at, entry.title) for entry in line.entries]
            if not (before := line.older):
                break
        assert (
            len(seen)
            == len(set(seen))
            == Event.objects.filter(subject_id=number.pk).count() + Operation.objects.count()
        )
        assert seen == sorted(seen, key=lambda pair: pair[0], reverse=True)

    def test_nonsense_is_the_first_page(self, alice, browse, number):
        for before in ("yesterday", "2026-13-45", "2026-01-01T00:00:00"):
            assert browse(alice).get(url(number), {"before": before}).status_code == 200


class TestDeeds:
    def test_deactivate_offers_undo(self, alice, browse, number):
        client = browse(alice)
        page = do(client, number, "deactivate").text
        assert number.wanted == "inactive"
        assert "Undo" in page
        do(client, number, "activate")
        factories.run_number_operations(number)
        assert (number.status, number.wanted) == ("active", "active")

    def test_twice_is_once(self, alice, browse, number):
        client = browse(alice)
        do(client, number, "deactivate")
        do(client, number, "deactivate")
        assert Event.objects.filter(action="phone_number.changed").count() == 1

    def test_retry_of_a_failed_number(self, alice, browse):
        number = factories.create_number(alice.by, REFUSED)
        page = do(browse(alice), number, "retry").text
        assert number.status == "pending"
        assert "is tried again" in page

    def test_what_is_impossible_is_said(self, alice, browse, number):
        page = do(browse(alice), number, "retry").text
        assert "There is nothing to try again" in page

    def test_an_unknown_deed_is_not_found(self, alice, browse, number):
        assert do(browse(alice), number, "sell").status_code == 404

    def test_merge_is_offered_where_the_error_asks_for_it(self, alice, browse):
        number = factories.create_number(alice.by, REFUSED)
        assert "Merge the duplicates" not in browse(alice).get(url(number)).text
        PhoneNumber.objects.update(error_message=f"There are 2 of it: {MERGE_DUPLICATES_HINT}.")
        page = browse(alice).get(url(number)).text
        assert "Merge the duplicates" in page
        do(browse(alice), number, "merge")
        assert Operation.objects.get(status="open").wish == "merge"

    def test_label_in_place(self, alice, browse, number):
        browse(alice).post(url(number, "number_label"), {"label": "  Front   desk "})
        number.refresh_from_db()
        assert number.label == "Front   desk"
        browse(alice).post(url(number, "number_label"), {"label": ""})
        number.refresh_from_db()
        assert number.label is None

    def test_a_long_label_changes_nothing(self, alice, browse, number):
        answer = browse(alice).post(url(number, "number_label"), {"label": "x" * 101}, follow=True)
        assert "At most 100 characters" in answer.text
        number.refresh_from_db()
        assert number.label == "Main line"


class TestLook:
    def look(self, client, number):
        client.post(url(number, "number_look"))
        waiting = client.get(url(number))
        factories.run_due_operations()
        return waiting.text, client.get(url(number)).text

    def test_in_order(self, alice, browse, number):
        waiting, page = self.look(browse(alice), number)
        assert "The platform is being asked" in waiting
        assert 'hx-trigger="every 2s"' in waiting
        assert "It is there as it shall be" in page
        assert "hx-trigger" not in page

    def test_what_is_gone_is_said_and_repaired(self, alice, browse, number):
        number.organization.sandbox_objects.filter(kind="number").delete()
        client = browse(alice)
        _waiting, page = self.look(client, number)
        assert "create number +14155550101 in the sandbox" in page
        assert "Repair" in page
        number.refresh_from_db()
        assert number.status == "active"
        assert number.organization.sandbox_objects.filter(kind="number").count() == 0
        do(client, number, "repair")
        factories.run_number_operations(number)
        assert number.organization.sandbox_objects.filter(kind="number").count() == 1
        assert "It is there as it shall be" in self.look(client, number)[1]

    def test_twice_quickly_is_one(self, alice, browse, number):
        client = browse(alice)
        client.post(url(number, "number_look"))
        client.post(url(number, "number_look"))
        assert Operation.objects.filter(wish="look").count() == 1

    def test_a_deleted_number_tells_what_still_has_to_go(self, alice, browse, number):
        delete_number(alice.by, number.pk)
        Operation.objects.filter(status="open").update(
            next_attempt_at=F("next_attempt_at") + timedelta(hours=1)
        )
        _waiting, page = self.look(browse(alice), number)
        assert "remove number +14155550101 from the sandbox" in page

    def test_a_paused_platform_is_not_asked(self, alice, browse, number):
        Integration.objects.update(state="paused", state_reason="The key was revoked.")
        answer = browse(alice).post(url(number, "number_look"), follow=True)
        assert "The key was revoked." in answer.text
        assert not Operation.objects.filter(wish="look").exists()
