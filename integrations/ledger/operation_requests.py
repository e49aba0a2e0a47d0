"""Requests operations, cancels them and waits for them, and connects and changes integrations.
Nothing in this module calls a platform."""

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F, ProtectedError
from django.db.models.functions import Least, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.connections.account_fields import clean_account, get_provider_class
from integrations.connections.address_change import merge_stored_account, validate_address_change
from integrations.connections.defaults import save_default_integration
from integrations.ledger.leases import LATE_WRITE_DELAY, release_waiting_operations, wake_dispatcher
from integrations.ledger.locks import lock_dependents, lock_integration_name, lock_open_operations
from integrations.ledger.reconcilers import forget_integration
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from organizations.access import quotas
from organizations.access.principals import Principal
from organizations.operations import record_event
from organizations.tenancy import tenant_scope
from organizations.web.request_id import current_request_id


class IntegrationInUse(Exception):
    """Raised when the integration cannot be disconnected; the text says why."""


def request_operation(
    by: Principal,
    *,
    integration: Integration,
    subject_kind: str,
    subject_id: UUID,
    label: str,
    wish: str,
    refs: Mapping[str, str] | None = None,
    waits_for: Operation | None = None,
    is_new: bool = False,
) -> Operation:
    """Requests an action (`wish`) on one subject, in the caller's transaction. Changes the
    subject's open operation if there is one, instead of creating a second.

    `refs` are the known platform ids of the subject. `waits_for` is an open operation that must
    settle first. `is_new` says that the subject was created in this transaction, so it cannot have
    an open operation.
    """
    operation = None if is_new else lock_open_operation(subject_kind, subject_id)
    if operation:
        return change_requested_action(by, operation, wish, waits_for or operation.waits_for)
    operation = Operation.objects.create(
        organization=by.organization,
        integration=integration,
        subject_kind=subject_kind,
        subject_id=subject_id,
        subject_label=label[:200],
        wish=wish,
        refs=dict(refs or {}),
        waits_for=waits_for,
        next_attempt_at=None if waits_for else Now(),
        asked_by=by.label[:200],
    )
    wake_dispatcher()
    return operation


def lock_open_operation(subject_kind: str, subject_id: UUID) -> Operation | None:
    """Locks the subject's open operation and returns it, or None. While it is locked it can neither
    settle nor change.

    Lock the number, carrier or integration first (integrations/ledger/locks.py).
    """
    return lock_open_operations(subject_kind, [subject_id]).get(subject_id)


def change_requested_action(
    by: Principal, operation: Operation, wish: str, waits_for: Operation | None
) -> Operation:
    """Replaces the requested action of an open operation and returns the operation. An attempt at
    the earlier action no longer settles it."""
    operation.wish, operation.generation = wish, operation.generation + 1
    Operation.objects.filter(pk=operation.pk).update(
        wish=wish,
        generation=F("generation") + 1,
        asked_by=by.label[:200],
        request_id=current_request_id(),
        waits_for=waits_for,
        next_attempt_at=None if waits_for else earliest_attempt_time(operation),
        dispatched_at=None,
    )
    wake_dispatcher()
    return operation


def earliest_attempt_time(operation: Operation) -> Any:
    """Returns the time of the next attempt: now, or up to LATE_WRITE_DELAY seconds later if the
    response to a write was lost, so that a late write becomes visible first."""
    if operation.outcome != Operation.Outcome.UNKNOWN:
        return Now()
    return Least(F("next_attempt_at"), Now() + timedelta(seconds=LATE_WRITE_DELAY))


def cancel_operation(operation: Operation) -> bool:
    """Cancels a locked operation that was never attempted. Returns False if the platform may know
    of it."""
    if operation.attempts or operation.refs:
        return False
    Operation.objects.filter(pk=operation.pk).update(
        status=Operation.Status.WITHDRAWN,
        settled_at=Now(),
        waits_for=None,
        reason=_("Not wished any more."),
    )
    release_waiting_operations(operation)
    return True


def make_operation_due(operation: Operation) -> None:
    """Makes a postponed operation due at once."""
    Operation.objects.filter(pk=operation.pk, waits_for=None).update(
        next_attempt_at=earliest_attempt_time(operation), dispatched_at=None
    )
    wake_dispatcher()


def wait_for_operation(operation_id: UUID, *, seconds: float = 10.0) -> Operation:
    """Returns the operation once it has settled, or as it is after `seconds`. Do not call it inside
    a transaction.

    At most MAX_WAITERS callers wait at a time, and a further caller gets the operation at once as
    it is. A platform that does not respond therefore cannot occupy all threads.
    """
    if not _waiter_slots.acquire(blocking=False):
        return Operation.objects.get(pk=operation_id)
    try:
        return poll_until_settled(operation_id, time.monotonic() + seconds)
    finally:
        _waiter_slots.release()


MAX_WAITERS = 4  # of the 8 threads that a web process has
_waiter_slots = threading.BoundedSemaphore(MAX_WAITERS)


def poll_until_settled(operation_id: UUID, deadline: float) -> Operation:
    pause = 0.02
    while True:
        operation = Operation.objects.get(pk=operation_id)
        if operation.status != Operation.Status.OPEN or time.monotonic() > deadline:
            return operation
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


@transaction.atomic
def connect_integration(
    by: Principal,
    *,
    kind: str,
    name: str,
    account: Mapping[str, str],
    only_new: bool = False,
    default_for: Sequence[str] = (),
) -> tuple[Integration, Operation]:
    """Connects an account, or gives a connected one new credentials. Either is checked before it is
    used. `only_new` refuses a name that already exists. `default_for` are the roles for which the
    integration becomes the default once its check succeeds.

    Raises ValidationError by field. The settled operation holds the platform's response.
    """
    lock_integration_name(by.organization.pk, name)
    integration = lock_or_build_integration(by, kind=kind, name=name, only_new=only_new)
    validate_address_change(by, integration, account)
    integration.keep_candidate(clean_account(integration, account))
    integration.full_clean(exclude=["settings", "facts"])
    integration.save()
    record_event(
        by,
        "integration.connecting",
        integration,
        kind="integration",
        label=str(integration),
        after={"kind": kind},
    )
    operation = request_check(by, integration)
    if default_for or operation.question:
        operation.question = {"default_for": sorted(platform_roles(kind) & set(default_for))}
        operation.save(update_fields=["question"])
    return integration, operation


@transaction.atomic
def change_integration(
    by: Principal,
    integration: Integration,
    *,
    name: str | None = None,
    account: Mapping[str, str] | None = None,
    max_in_flight: int | None = None,
) -> tuple[Integration, Operation | None]:
    """Changes the name, the maximum number of concurrent operations or fields of the account.
    Arguments that are left out change nothing.

    A changed account is checked before it is used, and the present one works until then. Raises
    ValidationError by field.
    """
    if name:
        lock_integration_name(by.organization.pk, name)
    integration = lock_own_integration(by, integration)
    before = integration_snapshot(integration)
    if name and name != integration.name:
        ensure_name_available(by, name)
    integration.name = name or integration.name
    integration.max_in_flight = max_in_flight or integration.max_in_flight
    if account:
        whole = merge_stored_account(by, integration, account)
        integration.keep_candidate(clean_account(integration, whole))
    integration.full_clean(exclude=["settings", "facts"])
    integration.save()
    record_event(
        by,
        "integration.changed",
        integration,
        kind="integration",
        label=str(integration),
        before=before,
        after={**integration_snapshot(integration), "fields": sorted(account or {})},
    )
    return integration, request_check(by, integration) if account else None


def integration_snapshot(integration: Integration) -> dict[str, Any]:
    """Returns what the audit log records of a changed integration, besides the names of the changed
    account fields."""
    return {"name": integration.name, "max_in_flight": integration.max_in_flight}


def ensure_name_available(by: Principal, name: str) -> None:
    """Raises ValidationError if an integration of this name exists, because connecting again would
    replace its credentials without notice."""
    if by.organization.integrations.filter(name=name).exists():
        raise name_taken_error()


def name_taken_error() -> ValidationError:
    sentence = _("There is an integration of this name. Change that one, or take another name.")
    return ValidationError({"name": ValidationError(sentence, code="taken")})


def lock_own_integration(by: Principal, integration: Integration) -> Integration:
    """Locks the integration and returns its current row. Its check is neither requested nor settled
    by another transaction until this one ends."""
    rows = by.organization.integrations.select_for_update(no_key=True)
    return rows.get(pk=integration.pk)


def lock_or_build_integration(
    by: Principal, *, kind: str, name: str, only_new: bool
) -> Integration:
    """Returns the integration of this name, locked, or a new one that is not saved yet. Raises
    ValidationError if the name is taken by another platform, or at all with `only_new`."""
    known = by.organization.integrations.filter(name=name).first()
    if known and only_new:
        raise name_taken_error()
    if known and known.kind != kind:
        sentence = _("There is an integration of this name with another platform.")
        raise ValidationError({"name": sentence})
    if known:
        return lock_own_integration(by, known)
    quotas.ensure_quota(by.organization, "integrations")
    return Integration(
        organization=by.organization,
        kind=kind,
        name=name,
        created_by_id=by.user_id,
        max_in_flight=get_provider_class(kind).max_in_flight,
    )


@transaction.atomic
def request_check(by: Principal, integration: Integration) -> Operation:
    """Requests a check whether the platform still accepts the account. Returns the open check if it
    failed, its next attempt is only seconds away and there are no new credentials. Ends the pause
    of an open circuit breaker, because the check probes the platform."""
    integration = lock_own_integration(by, integration)
    last = lock_open_operation("integration", integration.id)
    if last and last.attempts and not integration.candidate and is_postponed(last):
        return last
    if integration.open_until:
        Integration.objects.filter(pk=integration.pk).update(open_until=None)
    return request_operation(
        by,
        integration=integration,
        subject_kind="integration",
        subject_id=integration.id,
        label=str(integration),
        wish=Operation.Wish.CHECK,
    )


def is_postponed(operation: Operation) -> bool:
    """Returns whether the next attempt is due within 20 seconds. If it is further away, a person
    may reasonably insist on a check now."""
    due = operation.next_attempt_at
    return bool(due) and timedelta() < due - timezone.now() < timedelta(seconds=20)


@transaction.atomic
def set_default_integration(by: Principal, integration: Integration, *, role: str) -> None:
    """Makes the integration the default for the role: later requests that name no integration use
    it. Existing rows do not move. Raises ValidationError if the platform does not support the
    role."""
    if role not in platform_roles(integration.kind):
        raise ValidationError(
            _("%(integration)s cannot be the default for %(role)s.")
            % {"integration": integration, "role": role}
        )
    save_default_integration(by, integration, role)


@transaction.atomic
def clear_default_integration(by: Principal, *, role: str) -> None:
    """Removes the default for the role, so later requests for the role must name an integration.
    Raises DefaultIntegration.DoesNotExist if there was no default."""
    defaults = by.organization.default_integrations.select_related("integration")
    default = defaults.select_for_update(of=("self",)).get(role=role)
    integration = default.integration
    default.delete()
    record_event(
        by,
        "integration.default_cleared",
        integration,
        kind="integration",
        label=str(integration),
        before={"role": role},
    )


@transaction.atomic
def disconnect_integration(by: Principal, integration: Integration) -> None:
    """Deletes an integration that nothing uses, with its operations and platform calls. Does
    nothing if it was already deleted. Raises IntegrationInUse."""
    try:
        integration = lock_own_integration(by, integration)
    except Integration.DoesNotExist:
        return
    lock_dependents(integration)
    if integration.operations.filter(lease_until__gt=Now()).exists():
        raise IntegrationInUse(_("Something is being done on it right now; try again in a minute."))
    before = {"kind": integration.kind}
    subject = Integration(id=integration.id)  # deletion clears the id of the instance
    try:
        # Includes what other organizations had on it while it belonged to the installation.
        with tenant_scope.all_organizations(), transaction.atomic():
            forget_integration(integration)
            integration.delete()
            connection.check_constraints()  # now, as a number may have been added
    except (ProtectedError, IntegrityError) as error:
        raise IntegrationInUse(_("It stays: carriers or numbers are on it.")) from error
    record_event(
        by,
        "integration.deleted",
        subject,
        kind="integration",
        label=str(integration),
        before=before,
    )


def platform_roles(kind: str) -> frozenset[str]:
    return PROVIDERS[kind].roles


def get_default_integration(by: Principal, role: str) -> Integration | None:
    default = (
        by.organization.default_integrations.filter(role=role).select_related("integration").first()
    )
    return default.integration if default else None


def belongs_to_other_organization(by: Principal, public_id: str) -> bool:
    """Returns whether another organization has an integration of this id. Only for Butter's import,
    whose documents promise 403 for it; everywhere else another organization's row is treated as not
    found."""
    strangers = Integration.objects.exclude(organization=by.organization)
    with tenant_scope.global_lookup():
        return strangers.filter(public_id=public_id).exists()
