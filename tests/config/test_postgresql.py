"""The sight of the code, as PostgreSQL is told it (config/postgresql), and the rows that more than
one organization sees."""

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from carriers.models import Carrier
from organizations.models import Organization
from organizations.tenancy import tenant_scope
from organizations.tenancy.tenant_scope import FINDER, WEB
from tests.support import factories

pytestmark = pytest.mark.django_db


def answer(query: str, *values) -> object:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()[0] if cursor.description else cursor.rowcount


def who() -> tuple[str, str]:
    """The role, and the organization that was named."""
    asked = "SELECT coalesce(current_setting('patchbay.organization', true), '')"
    return answer("SELECT current_user::text"), answer(asked)


class TestSharedCarrier:
    """The installation's default carrier: others use it, and change nothing of it."""

    @pytest.fixture
    def shared(self, alice):
        carrier = alice.organization.carriers.get()
        alice.organization.carriers.update(is_installation_default=True)
        return carrier

    def test_it_is_seen_with_its_platform_and_not_changed(self, shared, mallory):
        with tenant_scope.for_role(WEB), tenant_scope.within(mallory.organization):
            assert answer("SELECT count(*) FROM carriers_carrier WHERE id = %s", shared.pk)
            assert answer(
                "SELECT count(*) FROM integrations_integration WHERE id = %s", shared.integration_id
            )
            refused = pytest.raises(ProgrammingError, match="row-level security")
            with refused, transaction.atomic():
                answer("UPDATE carriers_carrier SET name = 'x' WHERE id = %s", shared.pk)
            change = "UPDATE integrations_integration SET name = 'x' WHERE id = %s"
            assert answer(change, shared.integration_id) == 0
            assert answer("DELETE FROM carriers_carrier WHERE id = %s", shared.pk) == 0

    def test_what_costs_is_asked_last(self, mallory):
        with tenant_scope.for_role(WEB), tenant_scope.within(mallory.organization):
            plan = Carrier.objects.explain(costs=False)
        own = "InitPlan 1).col1" if connection.pg_version >= 170_000 else "$0"
        places = [plan.index(each) for each in (own, "is_install", "uses_carrier(")]
        assert places == sorted(places), plan

    def test_numbers_stay_on_it_when_it_is_no_longer_the_default(self, shared, mallory):
        mallory.organization.carriers.update(is_default=False)
        number = factories.create_number(mallory.by, "+14155550111")
        assert number.carrier_id == shared.pk
        shared.organization.carriers.update(is_installation_default=False)
        with tenant_scope.for_role(WEB), tenant_scope.within(mallory.organization):
            assert mallory.organization.phone_numbers.get(carrier__name=shared.name) == number
        olaf = factories.create_member("Olaf")
        with tenant_scope.for_role(WEB), tenant_scope.within(olaf.organization):
            assert not answer("SELECT count(*) FROM carriers_carrier")


class TestSight:
    @pytest.fixture
    def two(self, alice, mallory) -> tuple[Organization, Organization]:
        factories.create_number(alice.by)
        return alice.organization, mallory.organization

    def test_it_follows_the_code_within_a_transaction(self, two):
        here, elsewhere = (str(each.pk) for each in two)
        owner = who()[0]
        with tenant_scope.for_role(WEB):
            assert who() == (WEB, "")
            tenant_scope.enter(two[0])
            assert who() == (WEB, here)
            with tenant_scope.global_lookup():
                assert who() == (FINDER, "")
            with tenant_scope.within(two[1]):
                assert who() == (WEB, elsewhere)
            assert who() == (WEB, here)
        assert who() == (owner, "")

    def test_a_savepoint_that_is_rolled_back_takes_nothing_along(self, two):
        with tenant_scope.for_role(WEB), tenant_scope.within(two[0]):
            missing = pytest.raises(ProgrammingError, match="does not exist")
            with missing, transaction.atomic(), tenant_scope.within(two[1]):
                answer("SELECT 1 FROM nothing_at_all")
            assert who() == (WEB, str(two[0].pk))

    def test_a_failed_statement_leaves_no_wider_sight(self, two):
        with tenant_scope.for_role(WEB), tenant_scope.within(two[0]):
            unsent = pytest.raises(ProgrammingError, match="cannot adapt")
            with tenant_scope.all_organizations(), unsent, transaction.atomic():
                answer("SELECT %s", object())
            assert who() == (WEB, str(two[0].pk))

    def test_a_streamed_answer_stays_with_what_its_view_saw(self, two):
        def portions():
            yield who()
            yield who()

        with tenant_scope.for_role(WEB):
            tenant_scope.enter(two[0])
            rest = tenant_scope.wrap_stream(portions())
        assert list(rest) == [(WEB, str(two[0].pk))] * 2

    def test_rows_come_from_a_named_cursor_within_a_transaction(self, two):
        with tenant_scope.for_role(WEB), tenant_scope.within(two[0]):
            rows = list(two[0].phone_numbers.iterator(chunk_size=10))
        assert [row.e164 for row in rows] == ["+18005551234"]

    def test_an_organization_is_a_uuid(self):
        with pytest.raises(TypeError, match="known by its UUID"):
            tenant_scope.organization_scope("x', true); DROP TABLE numbers_phonenumber; --")


@pytest.mark.django_db(transaction=True)
class TestOutsideTransactions:
    def test_each_statement_brings_its_own_and_leaves_nothing(self, cast):
        organization = Organization.objects.create(name="Acme")
        Organization.objects.create(name="Evil")
        with tenant_scope.for_role(WEB), tenant_scope.within(organization):
            assert Organization.objects.get().name == "Acme"
            assert [row.name for row in Organization.objects.all()] == ["Acme"]
        setting = "SELECT coalesce(current_setting('patchbay.organization', true), '')"
        assert answer(setting) == ""
        assert Organization.objects.count() == 2

    def test_rows_of_an_iterator_come_in_its_sight(self):
        organization = Organization.objects.create(name="Acme")
        Organization.objects.create(name="Evil")
        with tenant_scope.for_role(WEB), tenant_scope.within(organization):
            assert [row.name for row in Organization.objects.iterator()] == ["Acme"]

    def test_a_copy_is_refused_as_it_would_not_be_told(self):
        copied = "COPY organizations_organization TO STDOUT"
        refused = pytest.raises(psycopg.ProgrammingError, match="inside a transaction only")
        with tenant_scope.for_role(WEB), connection.cursor() as cursor, refused:
            cursor.copy(copied)
