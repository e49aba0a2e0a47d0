"""The worker's half of a look: what a platform holds of one of our rows, and what is missing there.
Drift is `observe` and `plan` without `apply`: nothing is written, no status moves."""

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
    """Is it there, by which ids, and which steps would make it what it shall be."""
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
    """The wish that is compared with, as its subject knows it; never saved."""
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
    """Without secrets. Of an account that is another organization's only that something is
    missing."""
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
    """What a spec keeps out of its `repr`."""
    for field in fields(value):
        inner = getattr(value, field.name)
        if not field.repr and inner:
            yield str(inner)
        elif is_dataclass(inner):
            yield from spec_secrets(inner)
