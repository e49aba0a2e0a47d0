"""Hot reads: they say what Django would, prepared and in binary, and outlive a lost connection."""

import psycopg
import pytest
from django.db import connection, transaction

from numbers.api.number_queries import FIRST_PAGE_QUERY, NUMBER_QUERY, organization_numbers
from numbers.api.serializers import COLUMNS
from organizations.web.api.prepared_queries import PREPARE_AFTER
from tests.support import factories

OFTEN = PREPARE_AFTER + 2  # so that the last ones are prepared


@pytest.mark.django_db
def test_it_reads_what_django_reads(alice):
    number = factories.create_number(alice.by, label="Größe 9")
    rows = organization_numbers(alice.organization.id).values_list(*COLUMNS)
    for _ in range(OFTEN):
        assert NUMBER_QUERY.rows(alice.organization.id, number.id) == list(rows)
        assert FIRST_PAGE_QUERY.rows(alice.organization.id) == list(rows)


@pytest.mark.django_db
def test_every_use_has_its_own_values(alice, mallory):
    ours = factories.create_number(alice.by)
    theirs = factories.create_number(mallory.by, "+18005550000")
    for _ in range(OFTEN):
        assert NUMBER_QUERY.rows(alice.organization.id, ours.id)[0][0] == ours.id
        assert NUMBER_QUERY.rows(mallory.organization.id, theirs.id)[0][0] == theirs.id
        assert NUMBER_QUERY.rows(alice.organization.id, theirs.id) == []


@pytest.mark.django_db
def test_it_sees_its_own_transaction(alice):
    asked = (alice.organization.id, factories.create_number(alice.by).id)
    with transaction.atomic():
        alice.organization.phone_numbers.update(label="Changed")
        assert "Changed" in NUMBER_QUERY.rows(*asked)[0]
        transaction.set_rollback(True)
    assert "Changed" not in NUMBER_QUERY.rows(*asked)[0]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_cut_is_replaced(alice, api):
    path = f"/v1/phone-numbers/{factories.create_number(alice.by).id}"
    for _ in range(OFTEN):
        assert api(alice).get(path).status_code == 200
    cut_off()
    assert api(alice).get(path).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_revoked_key_is_refused_by_the_next_request(alice, api):
    for _ in range(OFTEN):
        assert api(alice).get("/v1/phone-numbers").status_code == 200
    alice.organization.api_keys.update(revoked_at="2026-01-01T00:00Z")
    assert api(alice).get("/v1/phone-numbers").status_code == 401


def cut_off() -> None:
    """As PostgreSQL's restart would."""
    pid = connection.connection.info.backend_pid
    parameters = connection.get_connection_params()
    wanted = {name: parameters.get(name) for name in ("host", "port", "user", "password", "dbname")}
    with psycopg.connect(**wanted) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
