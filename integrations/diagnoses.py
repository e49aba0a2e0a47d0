"""Diagnostic checks of `manage.py doctor`: keys, broker, dispatchers and workers, stuck operations,
and platforms."""

from collections.abc import Iterator

from celery import current_app
from django.conf import settings
from django.utils import timezone

from integrations.connections import key_proof
from integrations.ledger.backlog import oldest_due_age
from integrations.ledger.leases import BREAKER_THRESHOLD
from integrations.models import Integration, Process
from integrations.runtime import availability
from integrations.runtime.availability import format_elapsed_time
from integrations.runtime.processes import alive_processes
from organizations.diagnostics.findings import Finding, register_diagnostic_check
from organizations.text.errors import error_summary

MAX_PLATFORMS_SHOWN = 10  # platforms
BROKER_TIMEOUT = 2.0  # seconds to wait for the broker
START_HINTS = {
    Process.Kind.DISPATCHER: "Start one: `manage.py dispatch`, or the service `dispatcher`.",
    Process.Kind.WORKER: "Start one: `celery -A config worker`, or the service `worker`.",
}


@register_diagnostic_check("keys")
def diagnose_encryption_keys() -> Iterator[Finding]:
    if told := key_proof.find_key_problem():
        yield Finding("fault", "keys", told, "Put the key back into PATCHBAY_ENCRYPTION_KEYS.")
    else:
        yield Finding("ok", "keys", "The encryption keys open what the database has sealed.")


@register_diagnostic_check("broker", needs_database=False)
def diagnose_broker() -> Iterator[Finding]:
    options = {"socket_connect_timeout": BROKER_TIMEOUT, "socket_timeout": BROKER_TIMEOUT}
    try:
        with current_app.connection_for_write(transport_options=options) as broker:
            broker.default_channel.client.ping()
    except Exception as error:  # the transports raise many kinds
        told = f"The broker is out of reach from here: {error_summary(error)}"
        yield Finding("fault", "broker", told, "Start Valkey or Redis, and look at REDIS_URL.")
    else:
        yield Finding("ok", "broker", "The broker answers.")


@register_diagnostic_check("programs")
def diagnose_processes() -> Iterator[Finding]:
    found = availability.read_availability()
    for kind, heard in (
        (Process.Kind.DISPATCHER, found.dispatcher),
        (Process.Kind.WORKER, found.worker),
    ):
        subject = f"{kind}s"
        if not heard.is_there:
            told = (
                f"No {kind} is known to run."
                if heard.silent_for is None
                else f"No {kind} has reported for {format_elapsed_time(heard.silent_for)}."
            )
            yield Finding("fault", subject, told, START_HINTS[kind])
        elif heard.reason:
            yield Finding("fault", subject, f"It cannot work: {heard.reason}", "See its log.")
        else:
            yield Finding("ok", subject, f"{alive_processes(kind).count()} of them run.")
        yield from diagnose_process_versions(kind)


def diagnose_process_versions(kind: str) -> Iterator[Finding]:
    others = sorted({row.version for row in alive_processes(kind)} - {settings.VERSION})
    if others:
        told = f"A {kind} runs version {', '.join(others)}; this is {settings.VERSION}."
        yield Finding("warning", f"{kind}s", told, "Restart it, once the update is done.")


@register_diagnostic_check("operations")
def diagnose_stuck_operations() -> Iterator[Finding]:
    waits = oldest_due_age()
    if waits > settings.OLDEST_DUE:
        elapsed = format_elapsed_time(waits)
        told = f"An operation has been due for {elapsed}, and nothing works on it."
        remedy = "See to dispatchers and workers; in the admin: Operations, late."
        yield Finding("fault", "operations", told, remedy)
    else:
        yield Finding("ok", "operations", "None waits for longer than it should.")


@register_diagnostic_check("platforms")
def diagnose_platforms() -> Iterator[Finding]:
    """Yields at most a warning for each integration with a problem, because the installation is not
    responsible for the platforms."""
    rows = Integration.objects.exclude(state=Integration.State.CONNECTED, failures=0)
    for row in rows.order_by("-updated_at")[:MAX_PLATFORMS_SHOWN]:
        rests = row.failures >= BREAKER_THRESHOLD and row.open_until
        if row.state != Integration.State.CONNECTED:
            told = f"{row.name} is {row.state}: {row.state_reason}"
            yield Finding("warning", "platforms", told, "Connect it again with right credentials.")
        elif rests and row.open_until > timezone.now():
            told = f"{row.name} rests after {row.failures} failures."
            yield Finding("warning", "platforms", told, "It is tried again by itself.")
        else:
            told = f"{row.name}: the last attempts failed ({row.failures})."
            yield Finding("warning", "platforms", told, "See its page for the calls.")
    if not rows:
        yield Finding("ok", "platforms", "All are connected.")
