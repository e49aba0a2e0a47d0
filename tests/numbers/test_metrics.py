"""The figures tell of numbers and carriers, and of nothing else that the ledger holds."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from integrations.models import Operation
from numbers.inventory import metrics
from numbers.inventory.operations import change_number
from numbers.models import PhoneNumber
from numbers.views.dashboard import build_metrics_source
from tests.support import factories

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(days=80)


def figure(member, name: str):
    return metrics.compute_metrics(build_metrics_source(member.organization), days=30)[name]


def took(number: PhoneNumber, seconds: float, *, at=None) -> None:
    """Its newest operation was settled so long after it was asked for."""
    newest = Operation.objects.filter(subject_label=number.e164).order_by("-created_at").first()
    asked = at or newest.created_at
    settled = asked + timedelta(seconds=seconds)
    Operation.objects.filter(pk=newest.pk).update(created_at=asked, settled_at=settled)


def switched(member, number: PhoneNumber) -> None:
    change_number(member.by, number.pk, status="inactive")
    factories.run_number_operations(number)


@pytest.fixture
def number(alice) -> PhoneNumber:
    return factories.create_number(alice.by)


def test_a_switch_is_no_set_up(alice, number):
    took(number, 4)
    switched(alice, number)
    took(number, 900)
    assert figure(alice, "set_up")[-1] == (4, 4)


def test_nor_is_the_switch_of_a_number_that_was_set_up_long_ago(alice, number):
    took(number, 4, at=LONG_AGO)
    switched(alice, number)
    assert figure(alice, "set_up")[-1] == (None, None)


def test_what_a_merge_has_set_up_is_set_up(alice, number):
    Operation.objects.filter(subject_label=number.e164).update(wish="merge")
    switched(alice, number)
    assert figure(alice, "set_up")[-1] == (None, None)


def test_a_refusal_before_it_does_not_hide_a_set_up(alice, number):
    refused = Operation.objects.get(subject_label=number.e164)
    refused.pk, refused.status = uuid4(), "refused"
    refused.created_at -= timedelta(hours=1)
    refused.settled_at = refused.created_at
    refused.save(force_insert=True)
    took(number, 4)
    assert figure(alice, "set_up")[-1] == (4, 4)


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        ("placement", True),
        ("carrier", True),
        ("integration", False),
        ("search", False),
        ("discover", False),
        ("look", False),
    ],
)
def test_questions_and_credentials_are_no_failures_of_numbers(alice, kind, counts):
    Operation.objects.create(
        organization=alice.organization,
        integration=alice.organization.integrations.get(),
        subject_kind=kind,
        subject_id=uuid4(),
        wish="ensure",
        status="refused",
        reason="No.",
        settled_at=timezone.now(),
    )
    assert figure(alice, "refusals") == ([("No.", 1)] if counts else [])
