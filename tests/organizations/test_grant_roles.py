"""`manage.py grant_roles`: what the web and the worker may do, and nothing more."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from config.supervisor.postgres import WEB, WORKER
from organizations.management.commands import grant_roles

pytestmark = pytest.mark.django_db


def granted() -> str:
    output = StringIO()
    call_command("grant_roles", stdout=output)
    return output.getvalue()


def answer(query: str, *values) -> object:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()[0] if cursor.description else None


@pytest.fixture
def _roles():
    """In a database of somebody else the roles may be missing; they go when the test is over."""
    for role in (WEB, WORKER):
        if not answer("SELECT count(*) FROM pg_roles WHERE rolname = %s", role):
            answer(f"CREATE ROLE {role}")


RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


def rights(role: str, table: str) -> set[str]:
    asked = "SELECT has_table_privilege(%s, %s, %s)"
    return {right for right in RIGHTS if answer(asked, role, table, right)}


@pytest.mark.usefixtures("_roles")
class TestGrants:
    @pytest.mark.parametrize("role", [WEB, WORKER])
    def test_tables_may_be_read_and_written_but_not_changed(self, role):
        table = "numbers_phonenumber"
        answer(f"REVOKE ALL ON {table} FROM {role}")
        assert f"{role}: may use the tables" in granted()
        rights = "SELECT has_table_privilege(%s, %s, %s)"
        assert all(
            answer(rights, role, table, right) for right in ("SELECT", "INSERT", "UPDATE", "DELETE")
        )
        assert not answer(rights, role, table, "TRUNCATE")
        assert not answer("SELECT has_schema_privilege(%s, 'public', 'CREATE')", role)

    def test_what_later_migrations_make_is_granted_too(self):
        granted()
        answer("CREATE TABLE later (id serial)")
        assert answer("SELECT has_table_privilege(%s, 'later', 'INSERT')", WEB)
        assert answer("SELECT has_sequence_privilege(%s, 'later_id_seq', 'USAGE')", WEB)

    @pytest.mark.parametrize("role", [WEB, WORKER])
    def test_the_log_is_only_added_to(self, role):
        granted()
        assert rights(role, "organizations_event") == {"SELECT", "INSERT"}
        assert rights(role, "organizations_seal") == {"SELECT"}
        assert rights(role, "django_migrations") == {"SELECT"}

    def test_the_worker_gives_nobody_rights(self):
        granted()
        for table in ("user", "apikey", "membership", "organization"):
            assert rights(WORKER, f"organizations_{table}") == {"SELECT"}
        for table in ("mfa_authenticator", "django_session", "organizations_invitation"):
            assert rights(WORKER, table) == set()

    def test_every_table_of_accounts_is_decided_upon(self):
        """A new table of one of these apps is the worker's only where somebody said so."""
        tables = connection.introspection.table_names()
        of_accounts = ("account", "auth_", "mfa_", "social", "django_", "organizations_", "users")
        found = {each for each in tables if each.startswith(of_accounts)}
        written = {f"organizations_{name}" for name in ("savedreply", "export", "exportpart")}
        decided = written | grant_roles.ROLE_REVOKES["patchbay_worker"].keys()
        assert found == {
            each for each in decided if not each.startswith(("numbers_", "integrations_"))
        }

    def test_it_may_be_run_again(self):
        assert granted() == granted()


class TestRoles:
    def test_one_that_is_missing_is_reported(self, monkeypatch):
        monkeypatch.setattr(
            grant_roles, "LOGIN_PASSWORD_VARIABLES", {"patchbay_missing": "PASSWORD_OF_IT"}
        )
        assert granted() == (
            "patchbay_missing: no such role, nothing granted (set PASSWORD_OF_IT to have it made)\n"
            "row-level security: off, as patchbay_web or patchbay_worker is missing\n"
        )

    def test_who_may_not_make_roles_is_told(self, monkeypatch):
        if answer("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"):
            pytest.skip("this database's user may make roles")
        monkeypatch.setattr(
            grant_roles, "LOGIN_PASSWORD_VARIABLES", {"patchbay_missing": "PASSWORD_OF_IT"}
        )
        monkeypatch.setenv("PASSWORD_OF_IT", "secret")
        with pytest.raises(CommandError, match="may not make the role patchbay_missing"):
            granted()
