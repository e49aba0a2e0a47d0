"""What the pages of integrations and operations have to show, in the world of
tests/support/pages.py."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.ledger import worker
from integrations.ledger.operation_requests import connect_integration
from integrations.ledger.platform_queries import request_query
from integrations.models import Integration, Operation, ProviderCall
from tests.support import factories


def create_ledger_fixtures(world: Any) -> None:
    """Integrations of all kinds of standing, calls to one, and questions with and without an
    answer."""
    by, organization = world.alice.by, world.alice.organization
    account = {"base_url": "https://jambonz.example.com/api/v1", "token": "a-secret-key"}
    checking, check = connect_integration(by, kind="jambonz", name="Berlin", account=account)
    refused, asked = connect_integration(
        by, kind="sandbox", name="Trial", account={"access_code": "wrong"}
    )
    worker.run_attempt(asked.pk)
    resting = factories.create_sandbox(by, name="Tired", default=False)
    organization.integrations.filter(pk=resting.pk).update(
        failures=6, open_until=timezone.now() + timedelta(minutes=3), checked_at=timezone.now()
    )
    world.rows |= {"checking": checking, "refused": refused, "resting": resting, "check": check}
    create_call_fixtures(world, checking, check)
    questions = {"found": (Operation.Wish.DISCOVER, {})}
    questions["for_sale"] = (Operation.Wish.SEARCH, {"country": "US", "type": "local"})
    for name, (wish, question) in questions.items():
        world.rows[name] = request_query(by, world.integration, wish, question)
        worker.run_attempt(world.rows[name].pk)
    query = {"country": "GB", "type": "mobile"}
    world.rows["asking"] = request_query(by, world.integration, Operation.Wish.SEARCH, query)


def create_call_fixtures(world: Any, integration: Integration, check: Operation) -> None:
    told = {"organization": world.alice.organization, "integration": integration}
    base = "https://jambonz.example.com/api/v1"
    Operation.objects.filter(pk=check.pk).update(
        attempts=2,
        outcome="unavailable",
        reason="jambonz.example.com did not answer in time.",
        next_attempt_at=timezone.now() + timedelta(seconds=40),
    )
    ProviderCall.objects.bulk_create(
        ProviderCall(
            operation=check,
            method=method,
            url=base + path,
            status=status,
            duration_ms=81,
            response_body=body,
            error="" if status else "No answer within 10 seconds.",
            **told,
        )
        for method, path, status, body in [
            ("GET", "/ServiceProviders", 200, '[{"name": "Acme"}]'),
            ("GET", "/Accounts/9351f46a-678c-43f5-b8a6-d4eb58d131af/ApiKeys", 403, '{"msg": "no"}'),
            ("GET", "/VoipCarriers", None, ""),
        ]
    )
