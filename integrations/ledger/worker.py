"""The worker's half: one attempt at one operation. Observe, plan, apply; then settle."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from itertools import islice
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from integrations.connections.defaults import set_default
from integrations.connections.encryption import CannotUnseal
from integrations.http.response_body import one_line
from integrations.ledger import leases, reconcilers
from integrations.ledger.inspection import look
from integrations.ledger.leases import QUESTIONS, FenceLost, Outcome, Verdict
from integrations.ledger.locks import in_order, key_of, lock_integration
from integrations.ledger.provider_session import opened
from integrations.ledger.reconcilers import NoSubject, subject_of
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from integrations.providers.base import (
    CredentialsRefused,
    InventoryItem,
    Observed,
    OutcomeUnknown,
    OwnTrouble,
    Provider,
    ProviderError,
    Refs,
    Refused,
    SearchQuery,
    Spec,
    Step,
    Unavailable,
    UnexpectedReply,
    UnexpectedWriteReply,
)
from integrations.runtime.outages import first_line
from organizations.access.principals import system
from organizations.tenancy import tenant_scope
from organizations.web.request_id import caused_by

logger = logging.getLogger(__name__)
SETTLE_PAUSE = 1.0  # seconds
DATABASE_FAILED = "Patchbay's own database failed in the midst of it."


def run(operation_id: Any) -> Operation | None:
    """One attempt, from claim to settlement; None when there was nothing to claim."""
    operation = leases.claim(operation_id)
    if operation is None:
        return None
    with tenant_scope.within(operation.organization_id), caused_by(operation.request_id):
        return run_claimed(operation)


def run_claimed(operation: Operation) -> Operation | None:
    try:
        verdict = given_up(operation) or attempt(operation)
    except FenceLost:
        logger.warning(
            "operation %s: the lease was lost, this attempt does not count", operation.pk
        )
        return None
    settle_at_last(operation, verdict)
    logger.info(
        "%s (attempt %s): %s %s",
        one_line(describe(operation), 300),
        operation.attempts,
        verdict.outcome,
        one_line(verdict.reason, leases.REASON_LENGTH),
    )
    return operation


def settle_at_last(operation: Operation, verdict: Verdict) -> None:
    """Once the database is there, if it is away for a moment: what the platform did is known, and
    a lease that is left standing would hold up others."""
    while True:
        if connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()
        try:
            return settle(operation, verdict)
        except (OperationalError, InterfaceError):
            if monotonic() > operation.holds_until:
                raise
            sleep(SETTLE_PAUSE)


def describe(operation: Operation) -> str:
    return f"{operation.wish} {operation.subject_kind} {operation.subject_label}"


def settle(operation: Operation, verdict: Verdict) -> None:
    """The operation and its subject move in one transaction."""
    with transaction.atomic():
        closed = leases.settle(operation, verdict, reconcilers.lock(operation))
        if closed:
            reconcilers.settled(closed)


def given_up(operation: Operation) -> Verdict | None:
    """An attempt that ends its worker, for want of memory say, is not repeated for ever."""
    if operation.faults < leases.MOST_FAULTS:
        return None
    title = PROVIDERS[operation.integration.kind].title
    reason = f"Its worker ended in the midst of an attempt on {title}, {operation.faults} times."
    return Verdict(Outcome.REFUSED, reason, is_ours=True)


def attempt(operation: Operation) -> Verdict:
    """Outside any transaction: every error becomes a verdict with a sentence."""
    provider = None
    try:
        refuse_stale(operation)
        with alone(operation.subject_id), opened(operation) as provider:
            return carry_out(operation, provider)
    except CredentialsRefused as error:
        return credentials_refused(operation, error)
    except (UnexpectedReply, UnexpectedWriteReply) as error:
        return misunderstood(operation, error)
    except (Stale, NoSubject) as error:
        return Verdict(Outcome.REFUSED, str(error), is_ours=True)
    except Refused as error:
        return Verdict(Outcome.REFUSED, str(error), is_ours=not was_called(provider))
    except Unavailable as error:
        return unavailable(operation, error)
    except OutcomeUnknown as error:
        return Verdict(Outcome.UNKNOWN, str(error))
    except CannotUnseal as error:
        return Verdict(Outcome.UNAVAILABLE, str(error), retry_after=60, is_ours=True)
    except FenceLost:
        raise
    except DatabaseError as error:
        logger.warning("operation %s: PostgreSQL failed it: %s", operation.pk, first_line(error))
        return Verdict(Outcome.UNAVAILABLE, DATABASE_FAILED, 5, is_ours=True)
    except Exception:
        # A mistake of ours must neither lose the wish nor fail a customer's number for good.
        logger.exception("operation %s failed in Patchbay itself", operation.pk)
        return Verdict(
            Outcome.UNAVAILABLE,
            f"An error of Patchbay's own; the log tells it by {operation.pk}.",
            30,
            is_ours=True,
        )


def unavailable(operation: Operation, error: Unavailable) -> Verdict:
    """Whoever searches looks at the answer now: better a reason than a late result."""
    outcome = Outcome.REFUSED if operation.wish in QUESTIONS else Outcome.UNAVAILABLE
    is_ours = isinstance(error, OwnTrouble)
    return Verdict(outcome, str(error), error.retry_after, was_reached=False, is_ours=is_ours)


def was_called(provider: Provider | None) -> bool:
    """Whether a request went out; much is refused before that."""
    return provider is not None and provider.door.calls > 0


class Stale(Exception):
    """A question that nobody waits for any more."""


def refuse_stale(operation: Operation) -> None:
    """It shall cost the platform nothing."""
    age = timezone.now() - operation.created_at
    if operation.wish in QUESTIONS and age > leases.QUESTION_LIFE:
        raise Stale("Nobody waits for this any more; ask again.")


def credentials_refused(operation: Operation, error: CredentialsRefused) -> Verdict:
    """A question is answered; anything else waits, with its integration, for better credentials."""
    if operation.wish in ANSWERS:
        return Verdict(Outcome.REFUSED, str(error))
    return Verdict(Outcome.UNAVAILABLE, str(error), retry_after=60, pauses_integration=True)


def misunderstood(operation: Operation, error: ProviderError) -> Verdict:
    """Whoever asks is told at once; a wish is tried a few times, as proxies have bad moments."""
    if operation.wish in ANSWERS:
        return Verdict(Outcome.REFUSED, str(error), was_reached=False)
    is_write = isinstance(error, UnexpectedWriteReply)
    outcome = Outcome.UNKNOWN if is_write else Outcome.UNAVAILABLE
    return Verdict(outcome, str(error), was_reached=False, is_fault=True)


@contextmanager
def alone(subject_id: UUID) -> Iterator[None]:
    """One attempt at a subject at a time, even when a slow one outlives its lease: platforms that
    compare and store without a lock would take both. The lock ends with the connection."""
    if not locked("pg_try_advisory_lock", subject_id):
        raise OwnTrouble("An earlier attempt has not ended yet.", retry_after=5)
    try:
        yield
    finally:
        locked("pg_advisory_unlock", subject_id)


def locked(function: str, subject_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [key_of(subject_id)])
        return cursor.fetchone()[0]


def carry_out(operation: Operation, provider: Provider) -> Verdict:
    if answer := ANSWERS.get(operation.wish):
        return Verdict(Outcome.DONE, result=answer(operation, provider))
    spec = subject_of(operation).spec(operation)
    if spec is not None:
        if operation.wish == Operation.Wish.MERGE:
            take_steps(operation, provider, spec, provider.plan_merge)
        take_steps(operation, provider, spec, planner(operation, provider))
    return Verdict(Outcome.DONE)


def check(operation: Operation, provider: Provider) -> dict[str, Any]:
    checked = provider.check()
    return {"summary": checked.summary, "facts": dict(checked.facts)}


def search(operation: Operation, provider: Provider) -> dict[str, Any]:
    found = provider.search(SearchQuery(**operation.question))
    return {"numbers": [asdict(number) for number in found]}


def discover(operation: Operation, provider: Provider) -> dict[str, Any]:
    """The numbers of the account, the first DISCOVERED of them; `more` says that there are more."""
    numbers = (item for item in provider.inventory() if item.kind == "number")
    found = list(islice(numbers, DISCOVERED + 1))
    rows = [asdict(shortened(item)) for item in found[:DISCOVERED]]
    return {"numbers": rows, "more": len(found) > DISCOVERED}


def shortened(item: InventoryItem) -> InventoryItem:
    """A platform's texts have no end, and this is kept and shown as a whole."""
    refs = {name: ref[:100] for name, ref in islice(item.refs.items(), 20)}
    return replace(item, name=item.name[:20], label=item.label[:200], refs=refs)


DISCOVERED = 5000
ANSWERS = {
    Operation.Wish.CHECK: check,
    Operation.Wish.SEARCH: search,
    Operation.Wish.DISCOVER: discover,
    Operation.Wish.LOOK: look,
}
Planner = Callable[[Spec, Observed], list[Step]]


def take_steps(operation: Operation, provider: Provider, spec: Spec, plan: Planner) -> None:
    """Look, compare, and do only what is missing; after each step its ids are kept."""
    observed = provider.observe(spec)
    refs = dict(observed.refs)
    keep(operation, refs)
    for step in plan(spec, observed):
        if has_changed(operation):
            return  # settling sees it too, and lets the new wish be attempted
        refs = step.run(refs)
        keep(operation, refs)


def has_changed(operation: Operation) -> bool:
    """A wish that was changed under us, into a removal say, shall not be carried out any further:
    the next step may be a purchase."""
    now = Operation.objects.filter(pk=operation.pk).values_list("generation", flat=True).first()
    return now is not None and now != operation.generation


def planner(operation: Operation, provider: Provider) -> Planner:
    return provider.plan_removal if operation.wish == Operation.Wish.REMOVE else provider.plan


def keep(operation: Operation, refs: Refs) -> None:
    if refs != operation.refs:
        leases.keep_refs(operation, dict(refs))


class IntegrationSubject:
    """What follows a check: the candidate account is taken over, or dropped with the reason."""

    def spec(self, operation: Operation) -> None:
        return None

    def lock(self, operation: Operation) -> list[UUID]:
        lock_integration(operation.subject_id)
        return [operation.subject_id]

    def forget(self, integration: Integration) -> None:
        """It is the integration that goes."""

    def settled(self, operation: Operation) -> None:
        integration = Integration.objects.get(pk=operation.subject_id)  # locked by `lock`
        if operation.status == Operation.Status.DONE:
            accept(integration, operation.result)
            take_roles(integration, operation)
        else:
            decline(integration, operation.reason)


def accept(integration: Integration, result: dict[str, Any]) -> None:
    """The checked account is the account now; whatever waited for it is due."""
    if integration.candidate:
        take_over_candidate(integration)
    integration.state, integration.state_reason = Integration.State.CONNECTED, ""
    integration.facts = {"summary": result["summary"], **result["facts"]}
    integration.failures, integration.open_until = 0, None
    integration.checked_at = Now()
    integration.save()
    waiting = integration.operations.filter(
        status=Operation.Status.OPEN, lease_until=None, waits_for=None
    )
    in_order(waiting).update(next_attempt_at=Now(), dispatched_at=None)


def take_roles(integration: Integration, operation: Operation) -> None:
    """Become the default for what was wished when it was connected, in the name of who did."""
    by = system(integration.organization, operation.asked_by)
    for role in operation.question.get("default_for", []):
        set_default(by, integration, role)


def take_over_candidate(integration: Integration) -> None:
    """The checked candidate becomes the account; here its secrets and its settings part."""
    secret = {field.name for field in PROVIDERS[integration.kind].fields if field.secret}
    account = integration.candidate_account()
    integration.settings = {name: value for name, value in account.items() if name not in secret}
    integration.keep_secrets({name: value for name, value in account.items() if name in secret})
    integration.candidate = ""


def decline(integration: Integration, reason: str) -> None:
    """A refused candidate is dropped; an account that had worked and is refused now is paused."""
    if integration.candidate:
        integration.candidate = ""
        state = (
            integration.state
            if integration.sealed or integration.settings
            else Integration.State.REFUSED
        )
    else:
        state = Integration.State.PAUSED
    integration.state, integration.state_reason = state, reason
    integration.checked_at = Now()
    integration.save()
