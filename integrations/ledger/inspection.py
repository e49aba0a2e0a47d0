"""Runs inspections for the worker: compares what a platform has of one subject with the desired
state. Inspection is `observe` and `plan` without `apply`, so it writes nothing to the platform and
changes no status."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.http.redaction import Redactor
from integrations.ledger.reconcilers import get_reconciler
from integrations.models import Operation
from integrations.providers.base import ExternalIds, ObservedState, Provider, Refused, Spec, Step

MAX_REPORTED_STEPS, MAX_REPORTED_IDS = 50, 20


def inspect_subject(operation: Operation, provider: Provider) -> dict[str, Any]:
    """Returns whether the subject exists on the platform, under which ids, and which steps would
    bring it in line with the desired state. Raises Refused if the subject no longer exists in
    Patchbay."""
    wished = inspected_operation(operation)
    spec = get_reconciler(wished).spec(wished)
    if spec is None:
        raise Refused(_("It is no longer here, so there is nothing to compare with."))
    observed = provider.observe(spec)
    steps = plan_inspected_steps(wished, provider, spec, observed)
    return {
        "exists": observed.exists,
        "looked_at": timezone.now().isoformat(timespec="seconds"),
        **build_inspection_result(operation, provider, spec, observed.refs, steps),
    }


def inspected_operation(operation: Operation) -> Operation:
    """Returns the unsaved operation whose action the platform is compared with, in the form that
    the subject's reconciler expects."""
    asked = operation.question
    return Operation(
        organization_id=operation.organization_id,
        integration_id=operation.integration_id,
        subject_kind=asked["subject_kind"],
        subject_id=UUID(asked["subject_id"]),
        subject_label=operation.subject_label,
        wish=asked["wish"],
        refs=operation.refs,
    )


def plan_inspected_steps(
    wished: Operation, provider: Provider, spec: Spec, observed: ObservedState
) -> list[Step]:
    is_removal = wished.wish == Operation.Wish.REMOVE
    return (provider.plan_removal if is_removal else provider.plan)(spec, observed)


def build_inspection_result(
    operation: Operation, provider: Provider, spec: Spec, refs: ExternalIds, steps: list[Step]
) -> dict[str, Any]:
    """Returns the platform ids and the missing steps without secrets. On another organization's
    account it only says whether something is missing."""
    if operation.integration.organization_id != operation.organization_id:
        return {
            "refs": {},
            "missing": [_("something on the installation's platform")] if steps else [],
        }
    redact = build_redactor(operation, provider, spec).redact
    ids = ((name, ref[:100]) for name, ref in refs.items() if name not in provider.private_refs)
    return {
        "refs": dict(islice(ids, MAX_REPORTED_IDS)),
        "missing": [redact(step.summary)[:300] for step in steps[:MAX_REPORTED_STEPS]],
    }


def build_redactor(operation: Operation, provider: Provider, spec: Spec) -> Redactor:
    account = (provider.account.get(field.name) for field in provider.fields if field.secret)
    return Redactor([*filter(None, account), *spec_secrets(spec)])


def spec_secrets(value: Any) -> Iterator[str]:
    """Yields the values of a spec that its `repr` leaves out."""
    for field in fields(value):
        inner = getattr(value, field.name)
        if not field.repr and inner:
            yield str(inner)
        elif is_dataclass(inner):
            yield from spec_secrets(inner)
