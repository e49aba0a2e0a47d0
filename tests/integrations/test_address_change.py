"""An account at another address: no stored secret goes there unasked, by whichever way."""

import pytest
from django.core.exceptions import ValidationError

from integrations.ledger.operation_requests import connect_integration
from integrations.models import Integration
from integrations.providers.base import AccountField
from integrations.providers.sandbox import Sandbox
from organizations.access.principals import member_principal
from tests.support import factories

pytestmark = pytest.mark.django_db
OURS, THEIRS = {"url": "https://ours.example"}, {"url": "https://evil.example"}
CODE = {"access_code": "sandbox"}


@pytest.fixture(autouse=True)
def _addressed(monkeypatch):
    """A sandbox whose account names an address, as other platforms' do."""
    fields = (AccountField("url", "Address", required=False), *Sandbox.fields)
    monkeypatch.setattr(Sandbox, "fields", fields)
    monkeypatch.setattr(Sandbox, "base_url_field", "url")
    monkeypatch.setattr(Sandbox, "origins", classmethod(lambda cls, a: {"": a.get("url", "")}))


@pytest.fixture
def unaccepted(alice) -> Integration:
    """The platform has not answered yet."""
    return connect_integration(alice.by, kind="sandbox", name="Fresh", account={**OURS, **CODE})[0]


def patch(api, member, integration: Integration, account: dict):
    return api(member).patch(f"/v1/integrations/{integration.public_id}", {"account": account})


@pytest.mark.usefixtures("worker")
def test_secrets_that_were_never_accepted_do_not_follow(bob, api, unaccepted):
    answer = patch(api, bob, unaccepted, THEIRS)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "account.access_code"
    assert patch(api, bob, unaccepted, {**THEIRS, **CODE}).status_code == 200


@pytest.mark.usefixtures("worker")
def test_nor_do_those_of_carriers_that_wait_for_the_account(alice, bob, api, unaccepted):
    factories.create_carrier(alice.by, name="Waits", integration=unaccepted, settled=False)
    answer = patch(api, bob, unaccepted, {**THEIRS, **CODE})
    assert answer.status_code == 400
    assert "takes an admin" in answer.json()["errors"][0]["message"]
    assert patch(api, alice, unaccepted, {**THEIRS, **CODE}).status_code == 200


def test_to_connect_the_same_name_again_is_to_move_it(alice, bob, unaccepted):
    factories.run_due_operations()
    by = member_principal(bob.user.memberships.select_related("organization", "user").get())
    with pytest.raises(ValidationError, match="takes an admin"):
        connect_integration(by, kind="sandbox", name="Fresh", account={**THEIRS, **CODE})
    connect_integration(by, kind="sandbox", name="Fresh", account={**OURS, **CODE})
    connect_integration(alice.by, kind="sandbox", name="Fresh", account={**THEIRS, **CODE})


def test_an_account_whose_seal_cannot_be_read_is_connected_anew(alice, unaccepted):
    Integration.objects.filter(pk=unaccepted.pk).update(sealed="garbage", candidate="garbage")
    made, _check = connect_integration(
        alice.by, kind="sandbox", name="Fresh", account={**OURS, **CODE}
    )
    assert made.candidate_account() == {**OURS, **CODE}
