"""Row-level security: what each role of the database sees, and that a query which forgets its
filter finds nothing of others."""

import ast
import json

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from config import BASE_DIR
from organizations.models import Event, Membership, Organization
from organizations.operations import record_event
from organizations.tenancy import row_level_security, tenant_scope
from organizations.tenancy.database_roles import ASSUMABLE_ROLES, LOGIN_ROLES, ROLES
from organizations.tenancy.tenant_scope import DISPATCHER, STAFF, WEB, WORKER
from tests.support import tenancy_world
from tests.support.project import python_files
from tests.support.tenancy_world import (
    PARAMETER,
    PATH_WORDS,
    REQUEST_BODIES,
    each_call,
    is_refused_call,
    send_api_call,
    world,  # noqa: F401  a fixture
)
from tests.support.unfiltered_queries import disable_row_security, disable_tenant_filters

pytestmark = pytest.mark.django_db
TABLES = [model._meta.db_table for model in row_level_security.tenant_models()]
each_table = pytest.mark.parametrize("table", TABLES)
each_login = pytest.mark.parametrize("login", LOGIN_ROLES)
SHARED = {"carriers_carrier", "integrations_integration", "integrations_operation"}


def column(table: str) -> str:
    return "id" if table == "organizations_organization" else "organization_id"


def owners_seen(table: str) -> set:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT {column(table)} FROM {table}")
        return {row[0] for row in cursor.fetchall()}


def answer(query: str, *values) -> object:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()[0] if cursor.description else cursor.rowcount


@pytest.fixture
def two(world):  # noqa: F811
    """Two organizations with rows in as many tables as may be."""
    return world.people["alice"].organization, world.people["mallory"].organization


class TestWithoutFilters:
    """The matrix of tests/organizations/test_tenancy.py, with the queries' own filters taken
    away."""

    @each_call
    def test_a_stranger_finds_nothing(self, world, worker, call, monkeypatch):  # noqa: F811
        disable_tenant_filters(monkeypatch)
        alice, mallory = world.people["alice"], world.people["mallory"]
        found = send_api_call(mallory, call, world.ids)
        if set(PARAMETER.findall(call.path)) - set(PATH_WORDS):
            assert is_refused_call(call, found, 404)
        asked = found.request["PATH_INFO"] + json.dumps(REQUEST_BODIES.get(str(call)))
        own = {str(alice.organization.id), alice.organization.name, *world.ids.values()}
        assert not [known for known in own if known in found.text and known not in asked]

    def test_without_the_second_wall_they_would_be_found(self, world, api, monkeypatch):  # noqa: F811
        """Or nothing above tries anything."""
        disable_tenant_filters(monkeypatch)
        disable_row_security(monkeypatch)
        mallory, ids = world.people["mallory"], world.ids
        found = api(mallory).get(f"/v1/phone-numbers/{ids['number_id']}")
        assert found.status_code == 200
        assert tenancy_world.NUMBER in api(mallory).get("/v1/phone-numbers").text


class TestRoles:
    def test_none_owns_anything_or_passes_by(self):
        whole = "SELECT bool_or(rolsuper OR rolbypassrls OR rolinherit) FROM pg_roles"
        assert not answer(f"{whole} WHERE rolname = ANY(%s)", list(ROLES))
        owned = "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
        assert not answer(f"{owned} WHERE r.rolname = ANY(%s)", list(ROLES))

    def test_each_becomes_what_it_may(self):
        # Before PostgreSQL 16 whoever was a member could become it.
        right = "SET" if connection.pg_version >= 160_000 else "MEMBER"
        for login in LOGIN_ROLES:
            asked = "SELECT pg_has_role(%s, %s, %s)"
            may = {each for each in ROLES if answer(asked, login, each, right)}
            assert may == {login, *ASSUMABLE_ROLES[login]}
            always = "SELECT pg_has_role(%s, %s, 'USAGE')"
            assert not any(answer(always, login, each) for each in may - {login})

    @each_table
    def test_every_table_of_an_organization_is_protected(self, table):
        assert answer("SELECT relrowsecurity FROM pg_class WHERE relname = %s", table)

    def test_there_is_no_other_table_with_an_organization(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name FROM information_schema.columns"
                " WHERE column_name = 'organization_id' AND table_schema = 'public'"
            )
            found = {row[0] for row in cursor.fetchall()}
        assert found <= set(TABLES)

    @each_table
    @each_login
    def test_who_says_nothing_sees_nothing(self, two, table, login):
        with tenant_scope.for_role(login):
            if may_read(login, table):
                assert owners_seen(table) == set()

    @each_table
    @each_login
    def test_one_organization_is_seen(self, two, table, login):
        here, elsewhere = two
        with tenant_scope.for_role(login), tenant_scope.within(here):
            if may_read(login, table):
                assert owners_seen(table) <= {here.pk}
        assert not owners_seen(table) or {here.pk, elsewhere.pk} & owners_seen(table)

    @each_table
    @each_login
    def test_rows_of_others_are_neither_changed_nor_deleted(self, two, table, login):
        here, elsewhere = two
        with tenant_scope.for_role(login), tenant_scope.within(here):
            for right, statement in (
                ("UPDATE", f"UPDATE {table} SET {column(table)} = {column(table)}"),
                ("DELETE", f"DELETE FROM {table}"),
            ):
                if may(login, table, right):
                    of_others = f"{statement} WHERE {column(table)} = %s"
                    assert answer(of_others, elsewhere.pk) == 0

    @each_login
    def test_no_row_is_given_to_others(self, two, login):
        here, elsewhere = two
        refused = "violates row-level security"
        with tenant_scope.for_role(login), tenant_scope.within(here):
            with pytest.raises(ProgrammingError, match=refused), transaction.atomic():
                record_event(system_of(elsewhere), "x", here, kind="organization", label="x")
            with pytest.raises(ProgrammingError, match=refused), transaction.atomic():
                here.phone_numbers.update(organization=elsewhere)

    def test_the_whole_is_seen_by_those_for_whom_it_is(self, two):
        for base, all_of in ((WEB, STAFF), (WORKER, DISPATCHER)):
            with tenant_scope.for_role(base), tenant_scope.all_organizations():
                assert answer("SELECT current_user::text") == all_of
                assert {each.pk for each in two} <= owners_seen("numbers_phonenumber") | {two[1].pk}
                assert len(owners_seen("integrations_integration")) == 2

    def test_nobody_changes_the_log(self, two):
        for base in LOGIN_ROLES:
            denied = pytest.raises(ProgrammingError, match="permission denied")
            with (
                tenant_scope.for_role(base),
                tenant_scope.all_organizations(),
                denied,
                transaction.atomic(),
            ):
                Event.objects.update(action="x")

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE organizations_organization SET numbers_limited = false",
            "UPDATE organizations_organization SET quotas = '{}'",
            "UPDATE numbers_numberpool SET carrier_id = NULL",
            "DELETE FROM numbers_poolednumber",
        ],
    )
    @each_login
    def test_an_organization_does_not_assign_itself_anything(self, two, login, statement):
        denied = pytest.raises(ProgrammingError, match="permission denied")
        with (
            tenant_scope.for_role(login),
            tenant_scope.within(two[0]),
            denied,
            transaction.atomic(),
        ):
            answer(statement)

    def test_the_finder_reads_some_columns_and_changes_nothing(self, two):
        with tenant_scope.for_role(WEB), tenant_scope.global_lookup():
            assert Membership.objects.count() >= 4
            assert answer("SELECT count(e164) FROM numbers_phonenumber") == 1
            for refused in (
                "SELECT label FROM numbers_phonenumber",
                "SELECT sealed FROM integrations_integration",
                "SELECT count(*) FROM organizations_event",
                "UPDATE organizations_membership SET role = 'admin'",
            ):
                with pytest.raises(ProgrammingError, match="permission"), transaction.atomic():
                    answer(refused)


def may(login: str, table: str, right: str) -> bool:
    return answer("SELECT has_table_privilege(%s, %s, %s)", login, table, right)


def may_read(login: str, table: str) -> bool:
    return may(login, table, "SELECT")


def system_of(organization: Organization):
    from organizations.access.principals import system_principal

    return system_principal(organization)


# Who looks further than one organization, and what for.
WIDER = {
    "config/metrics/figures.py": "counts, in which no organization is named",
    "manage.py": "commands are for whoever runs the installation",
    "config/supervisor/prepare.py": "the demo data",
    "organizations/web/middleware.py": "operators in the admin",
    "organizations/accounts/memberships.py": "of what somebody is a member",
    "organizations/web/views/base.py": "of what somebody is a member",
    "organizations/accounts/invitations.py": "whose invitation a link is",
    "organizations/exports/export_runner.py": "claims an export",
    "integrations/ledger/leases.py": "claims an operation, and releases those that wait for it",
    "integrations/ledger/backlog.py": "how long the oldest operation waits",
    "integrations/retention/cleanup.py": "deletes what has expired",
    "integrations/ledger/operation_requests.py": "Butter's 403; what was on a platform that goes",
    "carriers/operations.py": "counts the numbers on a carrier that shall go",
    "carriers/views/carrier_detail.py": "likewise",
    "carriers/gateway_overlap.py": "gateways that a platform cannot tell apart",
    "numbers/bulk/runner.py": "claims a batch; whether others wait",
    "numbers/counts/count_runner.py": "claims a count",
    "numbers/bulk/imports/check.py": "which numbers somebody has",
}


def test_who_looks_further_is_listed():
    names = {"all_organizations", "enter_all_organizations", "global_lookup"}
    found = {
        str(path.relative_to(BASE_DIR))
        for path in [BASE_DIR / "manage.py", *python_files()]
        if path.relative_to(BASE_DIR).parts[0] != "tests"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in names
        if isinstance(node.value, ast.Name) and node.value.id == "tenant_scope"
    }
    assert found == set(WIDER)


def test_every_model_is_decided_upon():
    """Rows of a model that is not named belong to a person, to the installation, or to nobody."""
    ours = {m for m in apps.get_models() if m.__module__.split(".")[0] in our_apps()}
    assert {m.__name__ for m in ours - set(row_level_security.tenant_models())} == {
        "User",
        "Process",
        "AttemptCount",
        "KeyProof",
        "Sweep",
        "Leadership",
    }


def our_apps() -> set[str]:
    return {"organizations", "integrations", "carriers", "numbers"}
