"""Numbers are added side by side: nobody waits for another transaction on the same carrier."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from numbers.inventory.operations import add_number


@pytest.mark.django_db(transaction=True)
def test_a_creation_does_not_wait_for_another_on_its_carrier(alice):
    with transaction.atomic():
        add_number(alice.by, number="+18005550001")
        with ThreadPoolExecutor(1) as other:
            assert other.submit(add, alice.by, "+18005550002").result() == "pending"


@pytest.mark.django_db
def test_a_creation_takes_eleven_statements(alice, django_assert_max_num_queries):
    add_number(alice.by, number="+18005550000")  # the quota is counted once a minute
    with django_assert_max_num_queries(11):
        add_number(alice.by, number="+18005550001")


def add(by, number: str) -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
        return add_number(by, number=number).status
    finally:
        connection.close()
