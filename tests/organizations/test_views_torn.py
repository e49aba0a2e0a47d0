"""A page asks the database more than once; what settles between two questions does not tear it.

Whatever settles in the middle of a request, the page tells the end, or goes on looking.
"""

from contextlib import contextmanager

import pytest
from django.db import connection

from integrations.ledger.operation_requests import connect_integration
from organizations.tenancy import tenant_scope
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db


@contextmanager
def settling_after(query: int, settle):
    """`settle()` when the request has asked its `query`th question of a table of ours."""
    asked = 0

    def count(execute, sql, params, many, context):
        nonlocal asked
        answer = execute(sql, params, many, context)
        if any(name in sql for name in OURS):
            asked += 1
            if asked == query:
                with tenant_scope.override(tenant_scope.EMPTY_SCOPE):
                    settle()
        return answer

    with connection.execute_wrapper(count):
        yield


OURS = ("integrations_", "carriers_", "numbers_")
each_moment = pytest.mark.parametrize("query", range(1, 9))


def looks_on_or_tells(page: str, end: str) -> bool:
    return 'hx-trigger="every' in page or end in page


@each_moment
def test_a_number(alice, browse, query):
    number = factories.create_number(alice.by, settled=False)
    client, url = browse(alice), screen_url(alice.organization, "number", number_id=number.pk)
    with settling_after(query, lambda: factories.run_number_operations(number)):
        page = client.get(url).text
    assert looks_on_or_tells(page, "It is set up, and calls reach it.")


@each_moment
def test_a_carrier(alice, browse, query):
    carrier = factories.create_carrier(alice.by, name="Second", settled=False)
    client, url = browse(alice), screen_url(alice.organization, "carrier", carrier_id=carrier.pk)
    with settling_after(query, lambda: factories.run_open_operation("carrier", carrier.pk)):
        page = client.get(url).text
    assert looks_on_or_tells(page, 'data-status="active"')


@each_moment
def test_an_integration(alice, browse, query):
    integration, _check = connect_integration(alice.by, kind="sandbox", name="Second", account={})
    client = browse(alice)
    url = screen_url(alice.organization, "integration", integration_id=integration.pk)
    with settling_after(query, lambda: factories.run_open_operation("integration", integration.pk)):
        page = client.get(url).text
    assert looks_on_or_tells(page, 'data-status="connected"')
