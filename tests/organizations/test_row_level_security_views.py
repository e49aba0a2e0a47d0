"""The matrix of tests/organizations/test_views.py, with the queries' own filters taken away: the
second wall alone keeps others' rows off the pages."""

import pytest

from tests.support.screen_calls import CALLS, examples, row_parameters, send_view_call, world  # noqa: F401  fixtures too
from tests.support.unfiltered_queries import disable_tenant_filters

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("call", list(filter(row_parameters, CALLS)), ids=str)
def test_rows_of_others_are_on_no_page(world, examples, call, monkeypatch):  # noqa: F811
    disable_tenant_filters(monkeypatch)
    mallory = world.mallory
    assert (
        send_view_call(mallory, call, examples, mallory.organization.public_id).status_code == 404
    )
