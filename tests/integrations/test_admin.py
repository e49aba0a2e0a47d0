"""Integrations and the ledger in the admin: connecting, checking, defaults, and trying again."""

from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.ledger import operation_requests, worker
from integrations.models import Integration, Operation, ProviderCall
from integrations.providers.base import AccountField, OutcomeUnknown, Unavailable
from integrations.providers.sandbox import Sandbox
from tests.support import factories

pytestmark = pytest.mark.django_db

ADD = reverse("admin:integrations_integration_add")
OPERATIONS = reverse("admin:integrations_operation_changelist")


def page_of(row) -> str:
    return reverse(f"admin:integrations_{row._meta.model_name}_change", args=[row.pk])


def do(name: str, row) -> str:
    return reverse(f"admin:integrations_{row._meta.model_name}_do", args=[row.pk, name])


def credentials_of(integration: Integration) -> str:
    return reverse("admin:integrations_integration_credentials", args=[integration.pk])


def text_of(response) -> str:
    return response.content.decode()


def told(response) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


@pytest.fixture
def _worker(monkeypatch):
    """Whoever waits for an operation plays the worker meanwhile."""

    def work(operation_id, *, seconds=10.0):
        worker.run_attempt(operation_id)
        return Operation.objects.get(pk=operation_id)

    monkeypatch.setattr(operation_requests, "wait_for_operation", work)


@pytest.fixture
def _no_worker(monkeypatch):
    """Nothing settles in time."""
    monkeypatch.setattr(
        operation_requests, "wait_for_operation", lambda pk, **_: Operation.objects.get(pk=pk)
    )


def connect(staff: Client, member, *, kind: str = "sandbox", **fields):
    values = {"name": "Second", "account_access_code": "", "defaults": []}
    query = f"organization={member.organization.pk}&kind={kind}"
    return staff.post(f"{ADD}?{query}", {**values, **fields})


def errors_of(page) -> dict:
    return page.context["adminform"].form.errors


@pytest.mark.usefixtures("_worker")
class TestConnect:
    def test_a_platform_is_picked_first(self, alice, staff):
        page = text_of(staff.get(f"{ADD}?organization={alice.organization.pk}"))
        assert "kind=sandbox" in page
        assert "Access code" in page

    def test_the_form_is_drawn_from_the_provider_s_fields(self, alice, staff, monkeypatch):
        fields = (AccountField("base_url", "Address", help="As in the portal."), *Sandbox.fields)
        monkeypatch.setattr(Sandbox, "fields", fields)
        page = staff.get(f"{ADD}?organization={alice.organization.pk}&kind=sandbox")
        form = page.context["adminform"].form
        assert form.fields["account_base_url"].required
        assert form.fields["account_base_url"].help_text == "As in the portal."
        assert form.fields["account_access_code"].widget.input_type == "password"
        assert not form.fields["account_access_code"].required

    def test_accepted_credentials_are_connected_and_made_the_default(self, alice, staff):
        response = connect(staff, alice, account_access_code="open sesame", defaults=["sip"])
        second = alice.organization.integrations.get(name="Second")
        assert response.url == page_of(second)
        assert second.account() == {"access_code": "open sesame"}
        assert told(response) == [f"{second} is connected: {second.facts['summary']}."]
        assert alice.organization.default_integrations.get(role="sip").integration == second
        carriers = alice.organization.default_integrations.get(role="carrier")
        assert carriers.integration.name == "Sandbox"
        event = alice.organization.events.get(action="integration.connecting", subject_id=second.pk)
        assert event.actor_label == "operator olga@example.com"

    def test_refused_credentials_bring_the_form_back_without_them(self, alice, staff):
        page = connect(staff, alice, account_access_code="wrong", defaults=["sip"])
        assert "does not accept this access code" in str(errors_of(page)["__all__"])
        assert 'value="wrong"' not in text_of(page)
        assert 'value="Second"' in text_of(page)
        assert alice.organization.default_integrations.get(role="sip").integration.name == "Sandbox"

    def test_after_a_refusal_the_same_name_is_tried_again(self, alice, staff):
        connect(staff, alice, account_access_code="wrong")
        connect(staff, alice, account_access_code="right")
        assert alice.organization.integrations.get(name="Second").state == "connected"

    def test_a_connected_name_is_not_given_new_credentials_by_accident(self, alice, staff):
        page = connect(staff, alice, name="Sandbox", account_access_code="other")
        assert "Open it to give it new credentials" in str(errors_of(page)["name"])
        assert alice.organization.integrations.get().account() == {}

    def test_complaints_of_the_provider_stand_beside_their_fields(self, alice, staff, monkeypatch):
        def clean(account):
            return {"access_code": ["That is no access code."]}

        monkeypatch.setattr(Sandbox, "clean", clean)
        page = connect(staff, alice, account_access_code="x")
        assert errors_of(page) == {"account_access_code": ["That is no access code."]}
        assert not alice.organization.integrations.filter(name="Second").exists()

    def test_another_organization_s_names_are_free(self, alice, mallory, staff):
        connect(staff, mallory, name="Second")
        connect(staff, alice, name="Second")
        assert Integration.objects.filter(name="Second", state="connected").count() == 2


@pytest.mark.usefixtures("_no_worker")
def test_a_check_that_takes_long_goes_on_by_itself(alice, staff):
    response = connect(staff, alice, account_access_code="slow", defaults=["sip"])
    second = alice.organization.integrations.get(name="Second")
    assert response.url == page_of(second)
    assert "still being checked" in told(response)[0]
    assert second.state == "checking"
    factories.run_open_operation("integration", second.pk)
    second.refresh_from_db()
    assert second.state == "connected"


@pytest.mark.django_db(transaction=True)
def test_no_page_waits_inside_a_transaction(alice, staff, monkeypatch):
    open_transactions = []

    def work(operation_id, *, seconds=10.0):
        open_transactions.append(connection.in_atomic_block)
        worker.run_attempt(operation_id)
        return Operation.objects.get(pk=operation_id)

    monkeypatch.setattr(operation_requests, "wait_for_operation", work)
    connect(staff, alice)
    second = alice.organization.integrations.get(name="Second")
    staff.post(do("check", second))
    staff.post(credentials_of(second), {"account_access_code": "new"})
    assert open_transactions == [False, False, False]


@pytest.mark.usefixtures("_worker")
class TestCredentials:
    def test_new_ones_count_once_the_platform_accepts_them(self, alice, staff):
        integration = alice.organization.integrations.get()
        page = staff.post(credentials_of(integration), {"account_access_code": "wrong"})
        assert "does not accept" in str(errors_of(page)["__all__"])
        integration.refresh_from_db()
        assert (integration.state, integration.account()) == ("connected", {})
        staff.post(credentials_of(integration), {"account_access_code": "new"})
        integration.refresh_from_db()
        assert integration.account() == {"access_code": "new"}

    def test_what_names_the_account_stays(self, alice, staff, monkeypatch):
        fields = (AccountField("realm", "Realm", identity=True), *Sandbox.fields)
        monkeypatch.setattr(Sandbox, "fields", fields)
        integration = alice.organization.integrations.get()
        Integration.objects.update(settings={"realm": "ours"})
        moved = {"account_realm": "theirs", "account_access_code": "new"}
        staff.post(credentials_of(integration), moved)
        integration.refresh_from_db()
        assert integration.account() == {"realm": "ours", "access_code": "new"}

    def test_the_old_ones_are_not_filled_in(self, alice, staff):
        integration = alice.organization.integrations.get()
        staff.post(credentials_of(integration), {"account_access_code": "hunter2"})
        assert "hunter2" not in text_of(staff.get(credentials_of(integration)))


class TestActions:
    @pytest.mark.usefixtures("_worker")
    def test_check_now_tells_what_the_platform_says(self, alice, staff, monkeypatch):
        integration = alice.organization.integrations.get()
        assert "is connected: Sandbox" in told(staff.post(do("check", integration)))[0]
        integration.keep_secrets({"access_code": "wrong"})
        integration.save()
        assert "was refused: The sandbox" in told(staff.post(do("check", integration)))[-1]
        integration.refresh_from_db()
        assert integration.state == "paused"
        assert "does not accept" in text_of(staff.get(page_of(integration)))

    @pytest.mark.usefixtures("_worker")
    @pytest.mark.parametrize("error", [Unavailable("Gone fishing."), OutcomeUnknown("Who knows.")])
    def test_a_platform_that_does_not_answer_is_told_too(self, alice, staff, monkeypatch, error):
        def fail(self):
            raise error

        monkeypatch.setattr(Sandbox, "check", fail)
        integration = alice.organization.integrations.get()
        message = told(staff.post(do("check", integration)))[0]
        assert "still being checked" in message
        assert str(error) in message

    def test_not_more_are_checked_at_once_than_can_be_waited_for(self, alice, staff):
        for n in range(3):
            factories.create_sandbox(alice.by, name=f"Sandbox {n}", default=False)
        chosen = [str(row.pk) for row in alice.organization.integrations.all()]
        form = {"action": "check", "_selected_action": chosen}
        response = staff.post(reverse("admin:integrations_integration_changelist"), form)
        assert told(response) == ["Choose at most 3 at a time."]

    def test_make_default(self, alice, staff):
        second = factories.create_sandbox(alice.by, name="Second", default=False)
        response = staff.post(do("default-carrier", second))
        assert "is the default for carriers" in told(response)[0]
        default = alice.organization.default_integrations.get(role="carrier")
        assert default.integration == second
        assert do("default-carrier", second) not in text_of(staff.get(page_of(second)))

    def test_what_no_platform_has_accepted_is_made_nobody_s_default(self, alice, staff):
        connect(staff, alice, account_access_code="wrong")
        second = alice.organization.integrations.get(name="Second")
        assert do("default-sip", second) not in text_of(staff.get(page_of(second)))
        assert told(staff.post(do("default-sip", second))) == [
            f"{second}: {second} is not connected yet."
        ]
        assert alice.organization.default_integrations.get(role="sip").integration != second

    def test_an_integration_in_use_stays(self, alice, staff):
        integration = alice.organization.integrations.get()
        response = staff.post(do("delete", integration), {"confirmed": "yes"})
        assert told(response) == [f"{integration}: It stays: carriers or numbers are on it."]
        assert Integration.objects.filter(pk=integration.pk).exists()

    def test_an_unused_one_is_forgotten_and_the_log_says_by_whom(self, alice, staff):
        second = factories.create_sandbox(alice.by, name="Second", default=False)
        response = staff.post(do("delete", second), {"confirmed": "yes"})
        assert response.url == reverse("admin:integrations_integration_changelist")
        assert not Integration.objects.filter(pk=second.pk).exists()
        event = alice.organization.events.get(action="integration.deleted")
        assert (event.actor_kind, event.subject_id) == ("staff", second.pk)

    def test_nothing_is_forgotten_under_a_worker_s_hands(self, alice, staff):
        second = factories.create_sandbox(alice.by, name="Second", default=False)
        second.operations.update(lease_until=timezone.now() + timedelta(minutes=1))
        response = staff.post(do("delete", second), {"confirmed": "yes"})
        assert "right now" in told(response)[0]


class TestStates:
    def test_a_resting_integration_says_until_when(self, alice, staff):
        later = timezone.now() + timedelta(minutes=5)
        Integration.objects.update(failures=9, open_until=later)
        page = text_of(staff.get(reverse("admin:integrations_integration_changelist")))
        assert "resting" in page
        assert "failed several times in a row" in page

    def test_more_rows_cost_no_more_queries(self, alice, staff, django_assert_max_num_queries):
        for n in range(6):
            factories.create_sandbox(alice.by, name=f"Sandbox {n}", default=False)
        with django_assert_max_num_queries(6):
            staff.get(reverse("admin:integrations_integration_changelist"))


class TestLedger:
    @pytest.mark.parametrize("model", [Operation, ProviderCall])
    def test_it_is_read_only(self, alice, staff, model, rf):
        factories.create_number(alice.by)
        page = admin.site.get_model_admin(model)
        name = f"admin:integrations_{model._meta.model_name}"
        assert staff.get(reverse(f"{name}_add")).status_code == 403
        row = Operation.objects.first()
        if model is ProviderCall:
            owner = {"organization": row.organization, "integration": row.integration}
            row = ProviderCall.objects.create(**owner, method="GET", url="/", duration_ms=1)
        assert staff.get(page_of(row)).status_code == 200
        assert staff.post(page_of(row), {"status": "done"}).status_code == 403
        delete = reverse(f"{name}_delete", args=[row.pk])
        assert staff.post(delete, {"post": "yes"}).status_code == 403
        assert page.model.objects.filter(pk=row.pk).exists()

    def test_try_now_makes_a_postponed_operation_due(self, alice, staff):
        factories.create_number(alice.by, "+15005550005")
        operation = Operation.objects.get(status="open")
        Operation.objects.update(next_attempt_at=timezone.now() + timedelta(hours=1))
        staff.post(do("try", operation))
        operation.refresh_from_db()
        assert operation.next_attempt_at <= timezone.now()
        event = alice.organization.events.get(action="operation.retried")
        assert event.subject_label == "+15005550005"

    def test_try_now_says_when_there_is_nothing_to_try(self, alice, staff):
        factories.create_number(alice.by)
        operation = Operation.objects.get(subject_kind="placement")
        assert told(staff.post(do("try", operation)))[0].endswith("It is settled.")

    def test_try_now_says_what_is_waited_for(self, alice, staff):
        carrier = factories.create_carrier(alice.by, name="Slow", settled=False)
        factories.create_number(alice.by, voip_carrier_sid=carrier.voip_carrier_sid, settled=False)
        operation = Operation.objects.get(subject_kind="placement")
        assert "Waits for Slow to be set up." in told(staff.post(do("try", operation)))[0]
        operation.refresh_from_db()
        assert operation.next_attempt_at is None

    def test_its_subject_is_linked(self, alice, staff):
        carrier = factories.create_carrier(alice.by)
        number = factories.create_number(alice.by)
        integration = alice.organization.integrations.get()
        operation_requests.request_check(alice.by, integration)
        addresses = {
            "placement": reverse("admin:numbers_phonenumber_change", args=[number.pk]),
            "carrier": reverse("admin:carriers_carrier_change", args=[carrier.pk]),
            "integration": page_of(integration),
        }
        for kind, address in addresses.items():
            operation = Operation.objects.get(subject_kind=kind)
            assert f'href="{address}"' in text_of(staff.get(page_of(operation)))

    def test_late_ones_are_found(self, alice, staff):
        factories.create_number(alice.by, "+15005550005")
        assert "+15005550005" not in text_of(staff.get(OPERATIONS, {"late": "yes"}))
        overdue = timezone.now() - timedelta(minutes=5)
        Operation.objects.filter(status="open").update(next_attempt_at=overdue)
        assert "+15005550005" in text_of(staff.get(OPERATIONS, {"late": "yes"}))
        Operation.objects.filter(status="open").update(
            lease_until=timezone.now() + timedelta(minutes=1)
        )
        assert "+15005550005" not in text_of(staff.get(OPERATIONS, {"late": "yes"}))

    @pytest.mark.parametrize("held", [{"state": "paused"}, {"open_until": "2999-01-01T00:00Z"}])
    def test_what_its_integration_holds_back_is_not_late(self, alice, staff, held):
        factories.create_number(alice.by, "+15005550005")
        overdue = timezone.now() - timedelta(minutes=5)
        Operation.objects.filter(status="open").update(next_attempt_at=overdue)
        Integration.objects.update(**held)
        assert "+15005550005" not in text_of(staff.get(OPERATIONS, {"late": "yes"}))

    def test_more_rows_cost_no_more_queries(self, alice, staff, django_assert_max_num_queries):
        for n in range(8):
            factories.create_number(alice.by, f"+1800555120{n}")
        with django_assert_max_num_queries(4):
            staff.get(OPERATIONS)
