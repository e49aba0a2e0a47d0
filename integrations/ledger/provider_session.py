"""Opens a provider on an integration's account, with a client that records every platform call."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_network

from django.conf import settings
from django.db.models.functions import Now

from integrations.http.platform_client import Exchange, PlatformHttpClient
from integrations.http.rate_limits import rate_limit_pause
from integrations.ledger.leases import renew_lease
from integrations.models import Integration, Operation, ProviderCall
from integrations.providers import PROVIDERS
from integrations.providers.base import Provider
from integrations.providers.error_boundary import GuardedProvider


@contextmanager
def open_provider(operation: Operation) -> Iterator[GuardedProvider]:
    """Yields the provider for one attempt. A check uses the candidate account if there is one."""
    integration = operation.integration
    account = integration.account()
    if operation.wish == Operation.Wish.CHECK and integration.candidate:
        account = integration.candidate_account()
    kind = PROVIDERS[integration.kind]
    with build_platform_client(kind, account, operation) as door:
        try:
            yield GuardedProvider(kind({**account, "integration_id": str(integration.id)}, door))
        finally:
            store_rate_limit_pause(integration, door)


def build_platform_client(
    kind: type[Provider], account: dict[str, str], operation: Operation
) -> PlatformHttpClient:
    secrets = tuple(account[f.name] for f in kind.fields if f.secret and account.get(f.name))
    origins = kind.origins(account)
    return PlatformHttpClient(
        origins.pop("", ""),
        more_origins=origins,
        headers={},
        secrets=secrets,
        record=lambda exchange: record_platform_call(operation, exchange),
        renew=lambda: renew_lease(operation),
        allowed_private=[ip_network(cidr) for cidr in settings.ALLOWED_PRIVATE_CIDRS],
    )


def record_platform_call(operation: Operation, exchange: Exchange) -> None:
    """Stores the call, which the client has already redacted. Runs in autocommit, so the record
    survives a crash."""
    ProviderCall.objects.create(
        organization_id=operation.organization_id,
        integration_id=operation.integration_id,
        operation=operation,
        attempt=operation.attempts,
        method=exchange.method,
        url=exchange.url,
        status=exchange.status,
        duration_ms=exchange.duration_ms,
        request_body=exchange.request_body,
        response_body=exchange.response_body,
        error=exchange.error or "",
    )


def store_rate_limit_pause(integration: Integration, door: PlatformHttpClient) -> None:
    """Postpones the next operation if the platform's rate limit is nearly used up."""
    seconds = rate_limit_pause(door.quota, door.calls)
    if seconds > 0:
        until = Now() + timedelta(seconds=seconds)
        Integration.objects.filter(pk=integration.pk).update(paced_until=until)
