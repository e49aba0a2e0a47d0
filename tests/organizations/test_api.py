"""/v1/organization and /v1/members, /v1/api-keys, /v1/events: the organization about itself."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from organizations import operations
from organizations.access.roles import SCOPES
from organizations.accounts import invitations
from organizations.models import Membership, Organization, SavedReply
from organizations.operations import add_member
from organizations.web.views.base import screen_url
from tests.conftest import ApiClient
from tests.support import factories

pytestmark = pytest.mark.django_db
IDEMPOTENT = {"Idempotency_Key": "make-this-key-once"}


def errors_of(answer) -> list[str]:
    return [error["path"] for error in answer.json()["errors"]]


def slug_of(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


class TestOrganization:
    URL = "/v1/organization"

    def test_it_says_who_it_is(self, alice, carol, api):
        answer = api(carol).get(self.URL)
        organization = alice.organization
        assert answer.json() == {
            "id": str(organization.id),
            "organization_id": organization.public_id,
            "name": "Alice's",
            "numbers_limited": False,
            "created_at": organization.created_at.isoformat().replace("+00:00", "Z"),
        }

    def test_an_admin_renames_it(self, alice, api):
        assert api(alice).patch(self.URL, {"name": "Acme"}).json()["name"] == "Acme"
        assert api(alice).get(self.URL).json()["name"] == "Acme"
        event = alice.organization.events.get(action="organization.renamed")
        assert (event.before, event.after) == ({"name": "Alice's"}, {"name": "Acme"})

    @pytest.mark.parametrize("body", [{"name": ""}, {"name": "x" * 101}, {"name": None}, {}])
    def test_a_name_is_needed(self, alice, api, body):
        assert errors_of(api(alice).patch(self.URL, body)) == ["name"]


class TestMembers:
    URL = "/v1/members"

    def test_it_lists_them_newest_first_in_pages(self, alice, bob, carol, mallory, api):
        first = api(carol).get(f"{self.URL}?limit=2").json()
        second = api(carol).get(f"{self.URL}?limit=2&cursor={first['next_cursor']}").json()
        emails = [member["email"] for page in (first, second) for member in page["data"]]
        assert emails == ["carol@example.com", "bob@example.com", "alice@example.com"]
        assert second["next_cursor"] is None

    @pytest.mark.parametrize("cursor", ["", "x", "A" * 22, "4711"])
    def test_a_cursor_is_ours_or_refused(self, alice, api, cursor):
        assert errors_of(api(alice).get(f"{self.URL}?cursor={cursor}")) == ["cursor"]

    def test_a_role_changes_what_their_keys_may(self, alice, bob, api):
        path = f"{self.URL}/{bob.user.id}"
        assert api(bob).get("/v1/events").status_code == 200
        assert api(alice).patch(path, {"role": "user"}).json()["role"] == "user"
        assert api(bob).get("/v1/events").status_code == 403

    def test_a_narrow_key_makes_no_wide_friend(self, alice, carol):
        narrow = {"owner": alice.user, "name": "narrow", "scopes": ["members:write"]}
        _key, text = operations.create_api_key(alice.by, **narrow)
        answer = ApiClient(text.full).patch(f"{self.URL}/{carol.user.id}", {"role": "admin"})
        assert (answer.status_code, slug_of(answer)) == (403, "forbidden")
        assert carol.user.memberships.get().role == "user"

    def test_the_last_admin_stays(self, alice, bob, api):
        path = f"{self.URL}/{alice.user.id}"
        for answer in (api(alice).patch(path, {"role": "user"}), api(alice).delete(path)):
            assert (answer.status_code, slug_of(answer)) == (409, "last-admin")
        api(alice).patch(f"{self.URL}/{bob.user.id}", {"role": "admin"})
        assert api(alice).delete(path).status_code == 204
        assert api(alice).get(self.URL).status_code == 401

    def test_who_is_removed_loses_their_keys_for_good(self, alice, bob, api):
        assert api(alice).delete(f"{self.URL}/{bob.user.id}").status_code == 204
        assert not Membership.objects.filter(user=bob.user).exists()
        add_member(alice.by, user=bob.user, role="admin")
        assert api(bob).get("/v1/phone-numbers").status_code == 401

    def test_a_person_elsewhere_is_not_found(self, alice, mallory, api):
        for method in ("GET", "PATCH", "DELETE"):
            body = {"role": "user"} if method == "PATCH" else None
            for user_id in (mallory.user.id, uuid4()):
                answer = api(alice).send(method, f"{self.URL}/{user_id}", body)
                assert answer.status_code == 404
        assert mallory.organization.memberships.get().role == "admin"


class TestInvitations:
    URL = "/v1/invitations"
    BOB = {"email": "Dave@Example.com", "role": "user"}

    def test_an_invitation_is_a_link_that_is_shown_once(self, alice, api):
        answer = api(alice).post(self.URL, self.BOB, Idempotency_Key="invite-dave")
        assert answer.status_code == 201
        assert answer.json()["url"].startswith("http://127.0.0.1:8000/invitations/")
        again = api(alice).post(self.URL, self.BOB, Idempotency_Key="invite-dave")
        assert again.json() == {k: v for k, v in answer.json().items() if k != "url"}
        assert api(alice).get(answer["Location"]).json() == again.json()
        assert api(alice).get(self.URL).json()["data"] == [again.json()]

    def test_whether_somebody_has_an_account_here_is_not_told(self, alice, mallory, api):
        known = api(alice).post(self.URL, {"email": "mallory@example.com", "role": "user"})
        unknown = api(alice).post(self.URL, {"email": "nobody11@example.com", "role": "user"})
        differ = {"id", "email", "url", "created_at", "expires_at"}
        told = [{k: v for k, v in a.json().items() if k not in differ} for a in (known, unknown)]
        assert told[0] == told[1]

    @pytest.mark.parametrize(
        ("body", "wrong"),
        [
            ({"email": "no e-mail", "role": "user"}, ["email"]),
            ({"email": "dave@example.com", "role": "owner"}, ["role"]),
            ({"role": "user"}, ["email"]),
        ],
    )
    def test_what_is_wrong_is_named(self, alice, api, body, wrong):
        assert errors_of(api(alice).post(self.URL, body)) == wrong

    def test_nobody_is_invited_twice_over(self, alice, bob, api):
        answer = api(alice).post(self.URL, {"email": "BOB@example.com", "role": "admin"})
        assert (answer.status_code, slug_of(answer)) == (409, "already-member")
        first = api(alice).post(self.URL, self.BOB)
        api(alice).post(self.URL, self.BOB)
        assert api(alice).get(first["Location"]).json()["status"] == "revoked"

    def test_a_narrow_key_makes_no_wide_member(self, alice, api):
        key = {"name": "inviter", "role": "admin", "scopes": ["members:write", "members:read"]}
        text = api(alice).post("/v1/api-keys", key).json()["api_key"]
        answer = ApiClient(text).post(self.URL, {"email": "dave@example.com", "role": "admin"})
        assert (answer.status_code, slug_of(answer)) == (403, "forbidden")

    def test_an_organization_invites_so_often_in_a_day(self, alice, mallory, api):
        Organization.objects.update(quotas={"invitations_per_day": 3})
        sent = [{"email": f"dave{n}@example.com", "role": "user"} for n in range(4)]
        answers = [api(alice).post(self.URL, body) for body in sent]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 409]
        assert slug_of(answers[-1]) == "quota-exceeded"
        (error,) = answers[-1].json()["errors"]
        assert error["path"] == "quotas.invitations_per_day"
        alice.organization.invitations.update(revoked_at=timezone.now())
        assert api(alice).post(self.URL, sent[3]).status_code == 409
        assert api(mallory).post(self.URL, sent[3]).status_code == 201
        first = alice.organization.invitations.filter(email="dave0@example.com")
        first.update(created_at=timezone.now() - timedelta(hours=24))
        assert api(alice).post(self.URL, sent[3]).status_code == 201

    def test_a_screen_says_so_too(self, alice, browse):
        Organization.objects.update(quotas={"invitations_per_day": 1})
        browser, page = browse(alice), screen_url(alice.organization, "members")
        for n in range(2):
            answer = browser.post(page, {"email": f"dave{n}@example.com", "role": "user"})
        assert (answer.status_code, "invitations in 24 hours, at most 1" in answer.text) == (
            422,
            True,
        )

    def test_a_revoked_one_opens_nothing(self, alice, api):
        answer = api(alice).post(self.URL, self.BOB)
        assert api(alice).delete(answer["Location"]).status_code == 204
        with pytest.raises(invitations.InvitationNotOpen):
            invitations.find_open_invitation(answer.json()["url"].split("/")[-2])


class TestKeys:
    URL = "/v1/api-keys"

    def test_a_new_one_is_shown_once_and_works_in_every_header(self, alice, api):
        answer = api(alice).post(self.URL, {"name": "billing"})
        made = answer.json()
        assert answer.status_code == 201
        assert answer["Cache-Control"] == "no-store"
        assert made["api_key"] == f"{made['api_key_id']}_{made['api_secret']}"
        assert (made["role"], made["scopes"], made["status"]) == ("admin", [], "active")
        assert made["owner_email"] == "alice@example.com"
        assert api(replace(alice, key_text=made["api_key"])).get(self.URL).status_code == 200
        pair = {"X_API_KEY": made["api_key_id"], "X_API_SECRET": made["api_secret"]}
        assert api().send("GET", self.URL, None, **pair).status_code == 200
        shown = api(alice).get(answer["Location"])
        assert shown.json()["name"] == "billing"
        assert made["api_secret"] not in shown.text + api(alice).get(self.URL).text

    def test_a_replay_shows_the_key_without_its_secret_which_is_nowhere(self, alice, api):
        made = api(alice).post(self.URL, {"name": "billing"}, **IDEMPOTENT).json()
        replayed = api(alice).post(self.URL, {"name": "billing"}, **IDEMPOTENT)
        secrets = {"api_key": made.pop("api_key"), "api_secret": made.pop("api_secret")}
        assert (replayed.status_code, replayed.json()) == (201, made)
        assert replayed["Location"].endswith(made["id"])
        assert replayed["Idempotent-Replayed"] == "true"
        assert secrets["api_secret"].encode() not in bytes(SavedReply.objects.get().body)
        event = alice.organization.events.get(action="api_key.created", subject_id=made["id"])
        assert secrets["api_secret"] not in str(event.after)
        assert alice.organization.api_keys.filter(name="billing").count() == 1

    def test_it_is_as_narrow_as_asked(self, alice, api):
        body = {
            "name": "looks on",
            "role": "user",
            "scopes": ["phone_numbers:read"],
            "expires_at": "2999-01-01T01:00:00+01:00",
            "allowed_cidrs": ["203.0.113.0/24"],
        }
        made = api(alice).post(self.URL, body).json()
        assert {name: made[name] for name in body} == {**body, "expires_at": "2999-01-01T00:00:00Z"}
        answer = api(replace(alice, key_text=made["api_key"])).get("/v1/phone-numbers")
        assert "your address" in answer.json()["detail"]

    def test_what_is_left_out_is_as_with_the_key_that_asks(self, alice, api):
        mine = {"scopes": ["api_keys:write"], "allowed_cidrs": ["127.0.0.0/8"]}
        alice.organization.api_keys.update(role="agent_manager", **mine)
        made = api(alice).post(self.URL, {"name": "next"}).json()
        assert made["role"] == "agent_manager"
        assert {name: made[name] for name in mine} == mine

    @pytest.mark.parametrize(
        ("body", "path"),
        [
            ({"name": None}, "name"),
            ({"role": "admin"}, "role"),
            ({"role": "admin", "scopes": ["phone_numbers:read"]}, "role"),
            ({"scopes": ["numbers:read"]}, "scopes.0"),
            ({"scopes": "phone_numbers:read"}, "scopes"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "2999-01-01T00:00:00"}, "expires_at"),
            ({"expires_at": 4102444800}, "expires_at"),
            ({"allowed_cidrs": ["nowhere"]}, "allowed_cidrs"),
            ({"allowed_cidrs": ["203.0.113.1/24"]}, "allowed_cidrs"),
            ({"owner": "alice@example.com"}, "owner"),
        ],
    )
    def test_it_names_the_field_that_is_wrong(self, bob, api, body, path):
        answer = api(bob).post(self.URL, {"name": "x", **body})
        assert (answer.status_code, errors_of(answer)) == (400, [path])

    def test_a_narrow_key_makes_no_wider_one(self, alice, api):
        alice.organization.api_keys.update(scopes=["api_keys:write", "agents:read"])
        for scopes in ([], ["phone_numbers:read"], list(SCOPES)):
            answer = api(alice).post(self.URL, {"name": "wide", "scopes": scopes})
            assert (answer.status_code, errors_of(answer)) == (400, ["scopes"])
            assert "phone_numbers:read" in answer.json()["detail"]
        answer = api(alice).post(self.URL, {"name": "narrow", "scopes": ["agents:read"]})
        assert answer.status_code == 201

    def test_a_key_held_to_networks_makes_none_for_elsewhere(self, alice, api):
        alice.organization.api_keys.update(allowed_cidrs=["127.0.0.0/8", "2001:db8::/32"])
        for cidrs in ([], ["10.0.0.0/8"], ["127.0.0.1", "0.0.0.0/0"]):
            answer = api(alice).post(self.URL, {"name": "afar", "allowed_cidrs": cidrs})
            assert (answer.status_code, errors_of(answer)) == (400, ["allowed_cidrs"])
        within = {"name": "near", "allowed_cidrs": ["127.0.0.1", "2001:db8:1::/48"]}
        assert api(alice).post(self.URL, within).status_code == 201

    def test_a_revoked_one_is_refused_and_stays_in_the_list(self, alice, bob, api):
        path = f"{self.URL}/{bob.key.id}"
        assert [api(alice).delete(path).status_code for _ in range(2)] == [204, 204]
        assert api(bob).get(self.URL).status_code == 401
        listed = {key["id"]: key for key in api(alice).get(self.URL).json()["data"]}
        assert listed[str(bob.key.id)]["status"] == "revoked"
        assert listed[str(bob.key.id)]["revoked_at"]
        assert listed[str(alice.key.id)]["status"] == "active"
        assert alice.organization.events.filter(action="api_key.revoked").count() == 1

    def test_one_that_has_expired_says_so(self, alice, bob, api):
        alice.organization.api_keys.filter(pk=bob.key.pk).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
        assert api(alice).get(f"{self.URL}/{bob.key.id}").json()["status"] == "expired"

    def test_a_higher_one_is_not_revoked(self, alice, bob, api):
        answer = api(bob).delete(f"{self.URL}/{alice.key.id}")
        assert (answer.status_code, slug_of(answer)) == (403, "forbidden")
        assert "higher role" in answer.json()["detail"]
        assert api(alice).get(self.URL).status_code == 200

    def test_a_strangers_is_not_found(self, alice, mallory, api):
        path = f"{self.URL}/{alice.key.id}"
        assert [api(mallory).send(m, path, None).status_code for m in ("GET", "DELETE")] == [
            404
        ] * 2
        assert api(alice).get(path).status_code == 200

    def test_a_list_takes_as_many_queries_as_one_key(self, alice, api, django_assert_num_queries):
        api(alice).get(self.URL)
        for number in range(3):
            operations.create_api_key(alice.by, owner=alice.user, name=f"Key {number}")
        with django_assert_num_queries(2):  # who asks, and the list
            assert len(api(alice).get(self.URL).json()["data"]) == 4


def test_a_key_that_ends_makes_none_that_outlives_it(alice, api):
    ends = timezone.now() + timedelta(hours=1)
    alice.organization.api_keys.update(expires_at=ends)
    later = (ends + timedelta(hours=1)).isoformat()
    for longer in ({"expires_at": None}, {"expires_at": later}):
        answer = api(alice).post("/v1/api-keys", {"name": "forever", **longer})
        assert (answer.status_code, errors_of(answer)) == (400, ["expires_at"])
    made = api(alice).post("/v1/api-keys", {"name": "short"}).json()
    assert datetime.fromisoformat(made["expires_at"]) == ends


class TestEvents:
    URL = "/v1/events"

    def ask(self, client, query: str = "") -> list[str]:
        return [event["action"] for event in client.get(f"{self.URL}?{query}").json()["data"]]

    def test_it_tells_who_did_what_to_what(self, alice, api):
        answer = api(alice).post("/v1/phone-numbers", {"number": "+18005551234"})
        (event,) = api(alice).get(f"{self.URL}?action=phone_number.created").json()["data"]
        assert event["actor_kind"] == "key"
        assert event["actor_id"] == str(alice.key.id)
        assert event["subject_kind"] == "phone_number"
        assert event["subject_id"] == answer.json()["id"]
        assert event["subject_label"] == "+18005551234"
        assert event["after"]["status"] == "pending"
        assert event["request_id"] == answer["X-Request-Id"]

    def test_every_line_is_on_one_page_newest_first(self, alice, mallory, api):
        for number in range(4):
            factories.create_number(alice.by, f"+1415555010{number}", settled=False)
        seen, cursor = [], ""
        while cursor is not None:
            page = api(alice).get(f"{self.URL}?limit=3{cursor and f'&cursor={cursor}'}").json()
            seen += [event["id"] for event in page["data"]]
            cursor = page["next_cursor"]
        ids = alice.organization.events.order_by("-id").values_list("id", flat=True)
        assert seen == list(ids)
        assert len(seen) > 6

    def test_it_is_filtered(self, alice, bob, api):
        api(bob).post("/v1/phone-numbers", {"number": "+18005551234"})
        number = alice.organization.phone_numbers.get()
        assert self.ask(api(alice), f"subject_id={number.id}") == ["phone_number.created"]
        assert self.ask(api(alice), "subject_kind=phone_number") == ["phone_number.created"]
        assert self.ask(api(alice), f"actor_id={bob.key.id}") == ["phone_number.created"]
        assert self.ask(api(alice), "actor_kind=key") == ["phone_number.created"]
        at = alice.organization.events.latest("id").at.isoformat().replace("+00:00", "Z")
        assert self.ask(api(alice), f"after={at}") == ["phone_number.created"]
        assert "phone_number.created" not in self.ask(api(alice), f"before={at}")
        assert self.ask(api(alice), f"action=number.created&subject_id={uuid4()}") == []

    @pytest.mark.parametrize("query", ["after=yesterday", "subject_id=1", "actor_kind=me", "x=1"])
    def test_a_filter_that_says_nothing_is_refused(self, alice, api, query):
        assert errors_of(api(alice).get(f"{self.URL}?{query}")) == [query.partition("=")[0]]

    def test_it_holds_no_secret(self, alice, api):
        made = api(alice).post("/v1/api-keys", {"name": "billing"}).json()
        assert made["api_secret"] not in api(alice).get(self.URL).text
