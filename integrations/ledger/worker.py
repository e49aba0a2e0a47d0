"""Runs one attempt of one operation: observe, plan, apply, then settle."""

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

from integrations.connections.defaults import save_default_integration
from integrations.connections.encryption import DecryptionError
from integrations.http.response_body import shorten_to_line
from integrations.ledger import leases, reconcilers
from integrations.ledger.inspection import inspect_subject
from integrations.ledger.leases import QUERY_ACTIONS, AttemptResult, LeaseLost, Outcome
from integrations.ledger.locks import advisory_lock_key, in_lock_order, lock_integration
from integrations.ledger.provider_session import open_provider
from integrations.ledger.reconcilers import UnknownSubjectKind, get_reconciler
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from integrations.providers.base import (
    CredentialsRefused,
    ExternalIds,
    InventoryItem,
    LocalFailure,
    ObservedState,
    OutcomeUnknown,
    Provider,
    ProviderError,
    Refused,
    SearchQuery,
    Spec,
    Step,
    Unavailable,
    UnexpectedResponse,
    UnexpectedWriteResponse,
)
from organizations.access.principals import system_principal
from organizations.tenancy import tenant_scope
from organizations.text.errors import error_summary
from organizations.web.request_id import use_request_id

logger = logging.getLogger(__name__)
SETTLE_RETRY_SECONDS = 1.0  # seconds
DATABASE_FAILED_REASON = "Patchbay's own database failed in the midst of it."


def run_attempt(operation_id: Any) -> Operation | None:
    """Runs one attempt, from claim to settlement. Returns the operation, or None if it could not be
    claimed or its lease was lost."""
    operation = leases.claim_operation(operation_id)
    if operation is None:
        return None
    with tenant_scope.within(operation.organization_id), use_request_id(operation.request_id):
        return run_claimed_operation(operation)


def run_claimed_operation(operation: Operation) -> Operation | None:
    try:
        verdict = refuse_after_faults(operation) or attempt_operation(operation)
    except LeaseLost:
        logger.warning(
            "operation %s: the lease was lost, this attempt does not count", operation.pk
        )
        return None
    settle_with_retries(operation, verdict)
    logger.info(
        "%s (attempt %s): %s %s",
        shorten_to_line(operation_summary(operation), 300),
        operation.attempts,
        verdict.outcome,
        shorten_to_line(verdict.reason, leases.MAX_REASON_LENGTH),
    )
    return operation


def settle_with_retries(operation: Operation, verdict: AttemptResult) -> None:
    """Settles the operation, and retries during a short database outage until the lease ends. What
    the platform did is known, and a lease that is never cleared would block others."""
    while True:
        if connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()
        try:
            return settle_operation(operation, verdict)
        except (OperationalError, InterfaceError):
            if monotonic() > operation.holds_until:
                raise
            sleep(SETTLE_RETRY_SECONDS)


def operation_summary(operation: Operation) -> str:
    return f"{operation.wish} {operation.subject_kind} {operation.subject_label}"


def settle_operation(operation: Operation, verdict: AttemptResult) -> None:
    """Settles the operation and updates its subject in one transaction."""
    with transaction.atomic():
        closed = leases.settle_attempt(operation, verdict, reconcilers.lock_subject(operation))
        if closed:
            reconcilers.update_settled_subject(closed)


def refuse_after_faults(operation: Operation) -> AttemptResult | None:
    """Returns a refusal if too many attempts ended with the death of their worker, for example for
    lack of memory, so that they do not repeat forever. Returns None otherwise."""
    if operation.faults < leases.MAX_FAULTS:
        return None
    title = PROVIDERS[operation.integration.kind].title
    reason = f"Its worker ended in the midst of an attempt on {title}, {operation.faults} times."
    return AttemptResult(Outcome.REFUSED, reason, is_ours=True)


def attempt_operation(operation: Operation) -> AttemptResult:
    """Runs the attempt outside any transaction and turns every error into a result with a reason.
    Raises only LeaseLost."""
    provider = None
    try:
        ensure_query_current(operation)
        with exclusive_subject_lock(operation.subject_id), open_provider(operation) as provider:
            return execute_operation(operation, provider)
    except CredentialsRefused as error:
        return credentials_refused_result(operation, error)
    except (UnexpectedResponse, UnexpectedWriteResponse) as error:
        return unexpected_response_result(operation, error)
    except (StaleQuery, UnknownSubjectKind) as error:
        return AttemptResult(Outcome.REFUSED, str(error), is_ours=True)
    except Refused as error:
        return AttemptResult(Outcome.REFUSED, str(error), is_ours=not has_sent_requests(provider))
    except Unavailable as error:
        return unavailable_result(operation, error)
    except OutcomeUnknown as error:
        return AttemptResult(Outcome.UNKNOWN, str(error))
    except DecryptionError as error:
        return AttemptResult(Outcome.UNAVAILABLE, str(error), retry_after=60, is_ours=True)
    except LeaseLost:
        raise
    except DatabaseError as error:
        logger.warning("operation %s: PostgreSQL failed it: %s", operation.pk, error_summary(error))
        return AttemptResult(Outcome.UNAVAILABLE, DATABASE_FAILED_REASON, 5, is_ours=True)
    except Exception:
        # An error in Patchbay must neither lose the operation nor fail a customer's number
        # permanently.
        logger.exception("operation %s failed in Patchbay itself", operation.pk)
        return AttemptResult(
            Outcome.UNAVAILABLE,
            f"An error of Patchbay's own; the log tells it by {operation.pk}.",
            30,
            is_ours=True,
        )


def unavailable_result(operation: Operation, error: Unavailable) -> AttemptResult:
    """Returns the result of an attempt that failed temporarily. A query is refused, because its
    user prefers a reason now to a late result."""
    outcome = Outcome.REFUSED if operation.wish in QUERY_ACTIONS else Outcome.UNAVAILABLE
    is_ours = isinstance(error, LocalFailure)
    return AttemptResult(outcome, str(error), error.retry_after, was_reached=False, is_ours=is_ours)


def has_sent_requests(provider: Provider | None) -> bool:
    """Returns whether a request was sent; many operations are refused before that."""
    return provider is not None and provider.door.calls > 0


class StaleQuery(Exception):
    """Raised for a query whose result is no longer needed."""


def ensure_query_current(operation: Operation) -> None:
    """Raises StaleQuery if the query is older than QUERY_LIFETIME, so that it costs the platform
    nothing."""
    age = timezone.now() - operation.created_at
    if operation.wish in QUERY_ACTIONS and age > leases.QUERY_LIFETIME:
        raise StaleQuery("Nobody waits for this any more; ask again.")


def credentials_refused_result(operation: Operation, error: CredentialsRefused) -> AttemptResult:
    """Returns the result of an attempt whose credentials were refused. A query or check is refused;
    any other operation waits, with its paused integration, for new credentials."""
    if operation.wish in QUERY_HANDLERS:
        return AttemptResult(Outcome.REFUSED, str(error))
    return AttemptResult(Outcome.UNAVAILABLE, str(error), retry_after=60, pauses_integration=True)


def unexpected_response_result(operation: Operation, error: ProviderError) -> AttemptResult:
    """Returns the result of an attempt that got an unexpected response. A query or check is refused
    at once; any other operation is retried a few times, because proxies fail temporarily."""
    if operation.wish in QUERY_HANDLERS:
        return AttemptResult(Outcome.REFUSED, str(error), was_reached=False)
    is_write = isinstance(error, UnexpectedWriteResponse)
    outcome = Outcome.UNKNOWN if is_write else Outcome.UNAVAILABLE
    return AttemptResult(outcome, str(error), was_reached=False, is_fault=True)


@contextmanager
def exclusive_subject_lock(subject_id: UUID) -> Iterator[None]:
    """Allows one attempt on a subject at a time, even if a slow one outlives its lease, because
    platforms that compare and store without a lock would accept both. The lock ends with the
    connection. Raises LocalFailure if an earlier attempt is still running."""
    if not call_advisory_lock("pg_try_advisory_lock", subject_id):
        raise LocalFailure("An earlier attempt has not ended yet.", retry_after=5)
    try:
        yield
    finally:
        call_advisory_lock("pg_advisory_unlock", subject_id)


def call_advisory_lock(function: str, subject_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [advisory_lock_key(subject_id)])
        return cursor.fetchone()[0]


def execute_operation(operation: Operation, provider: Provider) -> AttemptResult:
    if answer := QUERY_HANDLERS.get(operation.wish):
        return AttemptResult(Outcome.DONE, result=answer(operation, provider))
    spec = get_reconciler(operation).spec(operation)
    if spec is not None:
        if operation.wish == Operation.Wish.MERGE:
            run_planned_steps(operation, provider, spec, provider.plan_merge)
        run_planned_steps(operation, provider, spec, choose_planner(operation, provider))
    return AttemptResult(Outcome.DONE)


def execute_check(operation: Operation, provider: Provider) -> dict[str, Any]:
    checked = provider.check()
    return {"summary": checked.summary, "facts": dict(checked.facts)}


def execute_search(operation: Operation, provider: Provider) -> dict[str, Any]:
    found = provider.search(SearchQuery(**operation.question))
    return {"numbers": [asdict(number) for number in found]}


def execute_discovery(operation: Operation, provider: Provider) -> dict[str, Any]:
    """Returns the first MAX_DISCOVERED_NUMBERS numbers of the account. `more` says whether there
    are more."""
    numbers = (item for item in provider.inventory() if item.kind == "number")
    found = list(islice(numbers, MAX_DISCOVERED_NUMBERS + 1))
    rows = [asdict(shorten_inventory_item(item)) for item in found[:MAX_DISCOVERED_NUMBERS]]
    return {"numbers": rows, "more": len(found) > MAX_DISCOVERED_NUMBERS}


def shorten_inventory_item(item: InventoryItem) -> InventoryItem:
    """Returns the item with shortened texts, because a platform's texts have no length limit and
    the result is stored and shown in full."""
    refs = {name: ref[:100] for name, ref in islice(item.refs.items(), 20)}
    return replace(item, name=item.name[:20], label=item.label[:200], refs=refs)


MAX_DISCOVERED_NUMBERS = 5000
QUERY_HANDLERS = {
    Operation.Wish.CHECK: execute_check,
    Operation.Wish.SEARCH: execute_search,
    Operation.Wish.DISCOVER: execute_discovery,
    Operation.Wish.LOOK: inspect_subject,
}
Planner = Callable[[Spec, ObservedState], list[Step]]


def run_planned_steps(operation: Operation, provider: Provider, spec: Spec, plan: Planner) -> None:
    """Observes the platform, plans, and runs only the missing steps. Stores the external ids after
    each step."""
    observed = provider.observe(spec)
    refs = dict(observed.refs)
    save_changed_ids(operation, refs)
    for step in plan(spec, observed):
        if was_changed_meanwhile(operation):
            return  # settling notices it too and lets the new action be attempted
        refs = step.run(refs)
        save_changed_ids(operation, refs)


def was_changed_meanwhile(operation: Operation) -> bool:
    """Returns whether the requested action has changed since the claim, for example into a removal.
    The attempt must stop then, because the next step may be a purchase."""
    now = Operation.objects.filter(pk=operation.pk).values_list("generation", flat=True).first()
    return now is not None and now != operation.generation


def choose_planner(operation: Operation, provider: Provider) -> Planner:
    return provider.plan_removal if operation.wish == Operation.Wish.REMOVE else provider.plan


def save_changed_ids(operation: Operation, refs: ExternalIds) -> None:
    if refs != operation.refs:
        leases.save_external_ids(operation, dict(refs))


class IntegrationReconciler:
    """Applies the result of a check: accepts the candidate account, or drops it with the reason."""

    def spec(self, operation: Operation) -> None:
        return None

    def lock(self, operation: Operation) -> list[UUID]:
        lock_integration(operation.subject_id)
        return [operation.subject_id]

    def forget(self, integration: Integration) -> None:
        """Does nothing, because the integration itself is deleted."""

    def settled(self, operation: Operation) -> None:
        integration = Integration.objects.get(pk=operation.subject_id)  # locked by `lock`
        if operation.status == Operation.Status.DONE:
            accept_checked_account(integration, operation.result)
            apply_default_roles(integration, operation)
        else:
            reject_checked_account(integration, operation.reason)


def accept_checked_account(integration: Integration, result: dict[str, Any]) -> None:
    """Makes the checked account the account in use, and makes the operations that waited for it
    due."""
    if integration.candidate:
        promote_candidate_account(integration)
    integration.state, integration.state_reason = Integration.State.CONNECTED, ""
    integration.facts = {"summary": result["summary"], **result["facts"]}
    integration.failures, integration.open_until = 0, None
    integration.checked_at = Now()
    integration.save()
    waiting = integration.operations.filter(
        status=Operation.Status.OPEN, lease_until=None, waits_for=None
    )
    in_lock_order(waiting).update(next_attempt_at=Now(), dispatched_at=None)


def apply_default_roles(integration: Integration, operation: Operation) -> None:
    """Makes the integration the default for the roles requested when it was connected, on behalf of
    the principal who requested them."""
    by = system_principal(integration.organization, operation.asked_by)
    for role in operation.question.get("default_for", []):
        save_default_integration(by, integration, role)


def promote_candidate_account(integration: Integration) -> None:
    """Replaces the account with the checked candidate, whose secrets and settings are stored
    separately."""
    secret = {field.name for field in PROVIDERS[integration.kind].fields if field.secret}
    account = integration.candidate_account()
    integration.settings = {name: value for name, value in account.items() if name not in secret}
    integration.keep_secrets({name: value for name, value in account.items() if name in secret})
    integration.candidate = ""


def reject_checked_account(integration: Integration, reason: str) -> None:
    """Drops a refused candidate. Without a candidate, pauses the integration, because an account
    that had worked is now refused."""
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
