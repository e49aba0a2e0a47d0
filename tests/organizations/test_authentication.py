"""From the headers of a request to a principal, or to a 401, 403 or 429."""

import time
from datetime import timedelta
from typing import ClassVar

import psycopg
import pytest
from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.test import Client
from django.urls import path
from django.utils import timezone

from organizations import operations
from organizations.access import api_key_format
from organizations.access.roles import Permission
from organizations.web.api import brute_force, key_lookup
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from tests.support import factories

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class Whoami(OrgView):
    permissions: ClassVar = {"GET": Permission.PHONE_NUMBERS_READ}

    def get(self, request: HttpRequest) -> ApiResponse:
        by = request.principal
        return ApiResponse(
            {"organization": request.organization.name, "label": by.label, "id": by.id}
        )


urlpatterns = [path("v1/whoami", Whoami.as_view())]


@pytest.fixture(autouse=True)
def _no_failures_yet():
    brute_force.failures_by_address.clear()
    yield
    brute_force.failures_by_address.clear()


@pytest.fixture
def member() -> factories.Member:
    return factories.create_member("Alice")


def ask(address: str = "127.0.0.1", **headers: str):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client().get("/v1/whoami", headers=headers, REMOTE_ADDR=address)


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def wrong_secret(member: factories.Member) -> str:
    """Of their key, with a checksum that fits."""
    body = "A" * api_key_format.SECRET_LENGTH
    return f"{member.key_text[:25]}{body}{api_key_format.api_key_checksum(member.key.key_id, body)}"


def halves(text: str) -> dict[str, str]:
    key = api_key_format.parse_api_key(text)
    return {"X_API_KEY": key.public, "X_API_SECRET": key.secret}


class TestHeaders:
    def test_a_bearer_token_works(self, member):
        answer = ask(**bearer(member.key_text))
        assert answer.status_code == 200
        assert answer.json() == {
            "organization": member.organization.name,
            "label": f"{member.key.name} (pb_live_{member.key.key_id})",
            "id": str(member.key.id),
        }

    def test_the_scheme_is_read_in_any_case(self, member):
        assert ask(Authorization=f"bearer {member.key_text}").status_code == 200

    def test_the_whole_key_as_x_api_key_works(self, member):
        assert ask(X_API_Key=member.key_text).status_code == 200

    def test_the_two_halves_work(self, member):
        assert ask(**halves(member.key_text)).status_code == 200

    def test_the_same_key_in_several_headers_is_one_key(self, member):
        headers = bearer(member.key_text) | halves(member.key_text)
        assert ask(**headers).status_code == 200

    def test_two_different_keys_are_refused(self, member):
        other = factories.create_member("Mallory")
        answer = ask(**bearer(member.key_text), X_API_Key=other.key_text)
        assert answer.status_code == 401
        assert "Two different" in answer.json()["detail"]

    def test_a_key_and_another_scheme_are_refused(self, member):
        answer = ask(Authorization="Basic YTpi", X_API_Key=member.key_text)
        assert answer.status_code == 401

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Authorization": "Bearer"},
            {"Authorization": "Basic YTpi"},
            {"X_API_Key": ""},
            {"X_API_SECRET": "x"},
            {"X_API_KEY": "pb_live_0123456789abcdef", "X_API_SECRET": "x"},
        ],
    )
    def test_anything_else_is_401_with_a_challenge(self, headers, django_assert_num_queries):
        with django_assert_num_queries(0):
            answer = ask(**headers)
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == 'Bearer realm="patchbay"'
        assert answer.json()["type"].endswith("/v1/problems/unauthorized")

    def test_the_organization_may_be_named_by_either_id(self, member):
        for named in (str(member.organization.id), member.organization.public_id):
            headers = bearer(member.key_text) | {"X_Organization_Id": named}
            assert ask(**headers).status_code == 200

    def test_another_organization_may_not_be_named(self, member):
        stranger = factories.create_member("Mallory").organization
        for named in (str(stranger.id), stranger.public_id, "", "nonsense"):
            headers = bearer(member.key_text) | {"X_Organization_Id": named}
            assert ask(**headers).status_code == 403


class TestKeys:
    def test_it_takes_one_query(self, member, django_assert_num_queries):
        ask(**bearer(member.key_text))  # notes the use
        with django_assert_num_queries(1):
            ask(**bearer(member.key_text))

    def test_a_typo_takes_no_query(self, member, django_assert_num_queries):
        with django_assert_num_queries(0):
            assert ask(**bearer(member.key_text[:-1] + "é")).status_code == 401

    def test_the_unknown_and_the_wrong_are_told_alike(self, member):
        unknown = api_key_format.generate_api_key()
        body = "A" * api_key_format.SECRET_LENGTH
        wrong = body + api_key_format.api_key_checksum(member.key.key_id, body)
        answers = [
            ask(**bearer(unknown.full)),
            ask(X_API_KEY=f"pb_live_{member.key.key_id}", X_API_SECRET=wrong),
        ]
        assert [answer.status_code for answer in answers] == [401, 401]
        assert len({answer.json()["detail"] for answer in answers}) == 1

    def test_a_revoked_key_says_so_to_who_knows_its_secret(self, member):
        operations.revoke_api_key(member.by, key_id=member.key.id)
        answer = ask(**bearer(member.key_text))
        assert answer.status_code == 401
        assert "revoked" in answer.json()["detail"]
        assert "revoked" not in ask(**bearer(wrong_secret(member))).json()["detail"]

    def test_an_expired_key_says_so(self, member):
        member.organization.api_keys.update(expires_at=timezone.now() - timedelta(seconds=1))
        answer = ask(**bearer(member.key_text))
        assert answer.status_code == 401
        assert "expired" in answer.json()["detail"]

    def test_a_key_that_will_expire_works(self, member):
        member.organization.api_keys.update(expires_at=timezone.now() + timedelta(minutes=1))
        assert ask(**bearer(member.key_text)).status_code == 200

    def test_an_inactive_owner_is_refused(self, member):
        member.user.is_active = False
        member.user.save()
        assert ask(**bearer(member.key_text)).status_code == 401

    def test_an_owner_who_left_is_refused(self, member):
        member.organization.memberships.all().delete()
        assert ask(**bearer(member.key_text)).status_code == 401

    def test_the_membership_that_counts_is_that_of_the_keys_organization(self, member):
        other = factories.create_member("Mallory").organization
        member.organization.memberships.update(organization=other)
        assert ask(**bearer(member.key_text)).status_code == 401

    def test_a_key_is_never_stronger_than_its_owner_is_now(self, member):
        member.organization.memberships.update(role="user")
        request = HttpRequest()
        request.META |= {"HTTP_AUTHORIZATION": f"Bearer {member.key_text}"}
        principal = Whoami.authenticate(request)
        assert principal.can("phone_numbers:read")
        assert not principal.can("phone_numbers:create")


class TestNetworks:
    @pytest.fixture
    def _fenced(self, member):
        member.organization.api_keys.update(allowed_cidrs=["192.0.2.0/24", "2001:db8::/32"])

    @pytest.mark.usefixtures("_fenced")
    @pytest.mark.parametrize(
        ("address", "status"),
        [
            ("192.0.2.9", 200),
            ("2001:db8::1", 200),
            ("::ffff:192.0.2.9", 200),
            ("198.51.100.1", 403),
            ("", 403),
        ],
    )
    def test_a_key_works_from_its_networks_only(self, member, address, status):
        assert ask(address, **bearer(member.key_text)).status_code == status

    @pytest.mark.usefixtures("_fenced")
    def test_a_forwarded_address_is_believed_from_a_trusted_proxy_only(self, member, settings):
        headers = bearer(member.key_text) | {"X_Forwarded_For": "192.0.2.9"}
        assert ask("10.0.0.1", **headers).status_code == 403
        settings.TRUSTED_PROXIES = ["10.0.0.0/24"]
        assert ask("10.0.0.1", **headers).status_code == 200

    @pytest.mark.usefixtures("_fenced")
    @pytest.mark.parametrize(
        ("forwarded", "status"),
        [
            ("198.51.100.1, 192.0.2.9", 200),
            ("192.0.2.9, 198.51.100.1", 403),
            ("192.0.2.9:4711", 200),
            ("[2001:db8::1]:4711", 200),
            ("unknown", 403),
        ],
    )
    def test_the_last_proxy_is_the_one_that_is_trusted(self, member, settings, forwarded, status):
        settings.TRUSTED_PROXIES = ["10.0.0.0/24"]
        headers = bearer(member.key_text) | {"X_Forwarded_For": forwarded}
        assert ask("10.0.0.1", **headers).status_code == status


class TestNotingTheUse:
    def test_the_first_use_is_noted(self, member):
        ask(**bearer(member.key_text))
        member.key.refresh_from_db()
        assert timezone.now() - member.key.last_used_at < timedelta(minutes=1)

    @pytest.mark.parametrize(
        ("address", "noted"),
        [("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("", None)]
        + [("2001:db8::1", "2001:db8::1"), ("fe80::1%eth0", "fe80::1"), ("unknown", None)],
    )
    def test_so_is_the_address(self, member, address, noted):
        assert ask(address, **bearer(member.key_text)).status_code == 200
        member.key.refresh_from_db()
        assert (member.key.last_used_from, bool(member.key.last_used_at)) == (noted, True)

    @pytest.mark.parametrize(("ago", "noted"), [(30, False), (90, True)])
    def test_it_is_noted_once_a_minute(self, member, ago, noted):
        before = timezone.now() - timedelta(seconds=ago)
        member.organization.api_keys.update(last_used_at=before)
        ask(**bearer(member.key_text))
        member.key.refresh_from_db()
        assert (member.key.last_used_at != before) == noted

    def test_a_refused_use_is_not_noted(self, member):
        member.organization.api_keys.update(allowed_cidrs=["192.0.2.0/24"])
        ask(**bearer(member.key_text))
        member.key.refresh_from_db()
        assert member.key.last_used_at is None


@pytest.mark.django_db(transaction=True)
class TestTheConnection:
    def test_a_connection_that_died_while_idle_is_replaced(self, member):
        assert ask(**bearer(member.key_text)).status_code == 200
        connection.ensure_connection()
        connection.connection.close()
        assert key_lookup.find_key_record(member.key.key_id).id == member.key.id

    def test_the_query_is_prepared(self, member):
        for _ in range(4):
            key_lookup.find_key_record(member.key.key_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_prepared_statements"
                " WHERE NOT from_sql AND statement LIKE '%find_api_key%'"
            )
            assert cursor.fetchone()[0] == 1

    def test_a_row_that_somebody_holds_delays_nobody(self, member):
        info = connection.get_connection_params()
        names = ("dbname", "user", "password", "host", "port")
        with psycopg.connect(**{name: info[name] for name in names if name in info}) as other:
            other.execute("SELECT 1 FROM organizations_apikey FOR UPDATE")
            started = time.monotonic()
            assert ask(**bearer(member.key_text)).status_code == 200
            assert time.monotonic() - started < 2
        member.key.refresh_from_db()
        assert member.key.last_used_at is None


class TestGuessing:
    def guess(self, times: int = brute_force.FAILURE_LIMIT["burst"], **kwargs) -> list[int]:
        return [
            ask(**bearer(api_key_format.generate_api_key().full), **kwargs).status_code
            for _ in range(times)
        ]

    def test_who_guesses_is_stopped_without_a_query(self, django_assert_num_queries):
        assert set(self.guess()) == {401}
        with django_assert_num_queries(0):
            answer = ask(**bearer(api_key_format.generate_api_key().full))
        assert answer.status_code == 429
        assert 0 < int(answer["Retry-After"]) <= 5

    def test_mistyped_keys_count_too(self):
        for _ in range(brute_force.FAILURE_LIMIT["burst"]):
            ask(**bearer("pb_live_nonsense"))
        assert ask(**bearer("pb_live_nonsense")).status_code == 429

    def test_another_address_is_not_concerned(self):
        self.guess()
        assert self.guess(1, address="192.0.2.1") == [401]

    def test_a_key_that_was_right_lately_still_passes(self, member):
        ask(**bearer(member.key_text))
        self.guess()
        assert ask(**bearer(member.key_text)).status_code == 200

    def test_a_key_that_was_never_seen_has_to_wait(self, member):
        self.guess()
        assert ask(**bearer(member.key_text)).status_code == 429

    def test_a_revoked_key_is_not_a_guess(self, member):
        operations.revoke_api_key(member.by, key_id=member.key.id)
        for _ in range(brute_force.FAILURE_LIMIT["burst"]):
            ask(**bearer(member.key_text))
        assert self.guess(1) == [401]

    def test_the_memory_of_good_keys_is_bounded(self):
        good = brute_force.RecentValidKeys(size=2)
        for digest in (b"1", b"2", b"3"):
            good.add(digest)
        assert [digest in good for digest in (b"1", b"2", b"3")] == [False, True, True]


class TestRefusalsAreTold:
    """In the audit log, as what they are."""

    def lines(self, member) -> list[tuple]:
        found = member.organization.events.filter(action="api_key.refused").order_by("id")
        return list(found.values_list("actor_kind", "outcome", "client_address", "after__reason"))

    def test_a_key_that_has_ended_or_is_elsewhere(self, member):
        operations.revoke_api_key(member.by, key_id=member.key.pk)
        ask("192.0.2.1", **bearer(member.key_text))
        ask("192.0.2.1", **bearer(member.key_text))  # told once
        assert self.lines(member) == [("key", "refused", "192.0.2.1", "revoked")]

    def test_from_another_network(self, member):
        type(member.key).objects.update(allowed_cidrs=["10.0.0.0/8"])
        ask("192.0.2.1", **bearer(member.key_text))
        assert self.lines(member) == [("key", "refused", "192.0.2.1", "network")]

    def test_a_guess_is_nobodys(self, member):
        ask("192.0.2.2", **bearer(wrong_secret(member)))
        assert self.lines(member) == [("anonymous", "refused", "192.0.2.2", "wrong_secret")]

    def test_a_log_that_cannot_be_written_refuses_all_the_same(self, member, monkeypatch):
        operations.revoke_api_key(member.by, key_id=member.key.pk)

        def broken(*_arguments, **_fields):
            raise DatabaseError("read only")

        monkeypatch.setattr("organizations.web.api.rejected_keys.record_event", broken)
        assert ask(**bearer(member.key_text)).status_code == 401
