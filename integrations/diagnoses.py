"""Examined by `manage.py doctor`: keys, broker, dispatcher and workers, what is stuck, and the
platforms."""

from collections.abc import Iterator

from celery import current_app
from django.conf import settings
from django.utils import timezone

from integrations.connections import key_proof
from integrations.ledger.backlog import oldest_due
from integrations.ledger.leases import BREAKER_THRESHOLD
from integrations.models import Integration, Process
from integrations.runtime import availability
from integrations.runtime.processes import alive
from organizations.diagnostics.findings import Finding, first_line, register

SHOWN = 10  # platforms
PATIENCE = 2.0  # seconds for the broker
START = {
    Process.Kind.DISPATCHER: "Start one: `manage.py dispatch`, or the service `dispatcher`.",
    Process.Kind.WORKER: "Start one: `celery -A config worker`, or the service `worker`.",
}


@register("keys")
def of_keys() -> Iterator[Finding]:
    if told := key_proof.problem():
        yield Finding("fault", "keys", told, "Put the key back into PATCHBAY_ENCRYPTION_KEYS.")
    else:
        yield Finding("ok", "keys", "The encryption keys open what the database has sealed.")


@register("broker", needs_database=False)
def of_broker() -> Iterator[Finding]:
    options = {"socket_connect_timeout": PATIENCE, "socket_timeout": PATIENCE}
    try:
        with current_app.connection_for_write(transport_options=options) as broker:
            broker.default_channel.client.ping()
    except Exception as error:  # of the transport's many kinds
        told = f"The broker is out of reach from here: {first_line(error)}"
        yield Finding("fault", "broker", told, "Start Valkey or Redis, and look at REDIS_URL.")
    else:
        yield Finding("ok", "broker", "The broker answers.")


@register("programs")
def of_programs() -> Iterator[Finding]:
    found = availability.look()
    for kind, heard in (
        (Process.Kind.DISPATCHER, found.dispatcher),
        (Process.Kind.WORKER, found.worker),
    ):
        subject = f"{kind}s"
        if not heard.is_there:
            told = (
                f"No {kind} is known to run."
                if heard.silent_for is None
                else f"No {kind} has reported for {availability.span(heard.silent_for)}."
            )
            yield Finding("fault", subject, told, START[kind])
        elif heard.reason:
            yield Finding("fault", subject, f"It cannot work: {heard.reason}", "See its log.")
        else:
            yield Finding("ok", subject, f"{alive(kind).count()} of them run.")
        yield from of_versions(kind)


def of_versions(kind: str) -> Iterator[Finding]:
    others = sorted({row.version for row in alive(kind)} - {settings.VERSION})
    if others:
        told = f"A {kind} runs version {', '.join(others)}; this is {settings.VERSION}."
        yield Finding("warning", f"{kind}s", told, "Restart it, once the update is done.")


@register("operations")
def of_operations() -> Iterator[Finding]:
    waits = oldest_due()
    if waits > settings.OLDEST_DUE:
        told = f"An operation has been due for {availability.span(waits)}, and nothing works on it."
        remedy = "See to dispatchers and workers; in the admin: Operations, late."
        yield Finding("fault", "operations", told, remedy)
    else:
        yield Finding("ok", "operations", "None waits for longer than it should.")


@register("platforms")
def of_platforms() -> Iterator[Finding]:
    """What a platform does is no fault of the installation."""
    rows = Integration.objects.exclude(state=Integration.State.CONNECTED, failures=0)
    for row in rows.order_by("-updated_at")[:SHOWN]:
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
