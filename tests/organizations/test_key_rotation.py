"""Rotating a key: a successor that may the same, and both work for a while."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from organizations import operations
from organizations.access.api_key_rotation import NotRotatable, rotate_key
from organizations.models import SavedReply
from organizations.web.views.base import screen_url
from tests.conftest import ApiClient

pytestmark = pytest.mark.django_db


def path(member, key=None) -> str:
    return f"/v1/api-keys/{(key or member.key).pk}/rotate"


def slug(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def about(moment, ago: timedelta) -> bool:
    return abs(moment - timezone.now() - ago) < timedelta(minutes=1)


class TestTheApi:
    def test_the_successor_is_as_the_key_was_and_both_work(self, alice, api):
        end = timezone.now() + timedelta(days=90)
        like = {"scopes": ["api_keys:write", "api_keys:read"], "allowed_cidrs": ["127.0.0.0/8"]}
        keys = alice.organization.api_keys
        keys.update(expires_at=end, name="export", **like)
        answer = api(alice).post(path(alice))
        made = answer.json()
        assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
        assert answer["Location"] == f"/v1/api-keys/{made['id']}"
        assert {name: made[name] for name in like} == like
        assert (made["name"], made["role"]) == ("export", "admin")
        assert keys.get(pk=made["id"]).expires_at == end
        for text in (made["api_key"], alice.key_text):
            assert ApiClient(text).get("/v1/api-keys").status_code == 200
        alice.key.refresh_from_db()
        assert about(alice.key.expires_at, timedelta(hours=24))
        shown = api(alice).get(f"/v1/api-keys/{alice.key.pk}").json()
        assert shown["replaced_by"] == made["id"]

    def test_the_caller_chooses_the_overlap(self, alice, api):
        api(alice).post(path(alice), {"overlap_seconds": 3600})
        alice.key.refresh_from_db()
        assert about(alice.key.expires_at, timedelta(hours=1))

    def test_without_one_the_key_ends_at_once(self, alice, api):
        made = api(alice).post(path(alice), {"overlap_seconds": 0}).json()
        assert "revoked" in api(alice).get("/v1/api-keys").json()["detail"]
        assert ApiClient(made["api_key"]).get("/v1/api-keys").status_code == 200

    def test_a_key_never_ends_later_for_it(self, alice, api):
        end = timezone.now() + timedelta(hours=2)
        alice.organization.api_keys.update(expires_at=end)
        api(alice).post(path(alice), {"overlap_seconds": 30 * 86400})
        alice.key.refresh_from_db()
        assert alice.key.expires_at == end

    @pytest.mark.parametrize("seconds", [-1, 30 * 86400 + 1, "3600", 1.5, None])
    def test_an_overlap_has_bounds(self, alice, api, seconds):
        answer = api(alice).post(path(alice), {"overlap_seconds": seconds})
        assert [error["path"] for error in answer.json()["errors"]] == ["overlap_seconds"]

    def test_a_key_is_rotated_once(self, alice, api):
        api(alice).post(path(alice))
        answer = api(alice).post(path(alice))
        assert (answer.status_code, slug(answer)) == (409, "not-possible-now")
        assert alice.organization.api_keys.count() == 2

    def test_one_that_is_revoked_or_expired_is_not(self, alice, api):
        gone, _text = operations.create_api_key(alice.by, owner=alice.user, name="gone")
        operations.revoke_api_key(alice.by, key_id=gone.pk)
        over, _text = operations.create_api_key(alice.by, owner=alice.user, name="over")
        alice.organization.api_keys.filter(pk=over.pk).update(expires_at=timezone.now())
        for key in (gone, over):
            assert slug(api(alice).post(path(alice, key))) == "not-possible-now"

    def test_a_replay_shows_no_secret(self, alice, api):
        first, again = (api(alice).post(path(alice), Idempotency_Key="rotate-it") for _ in "12")
        secret = first.json()["api_secret"]
        assert again.status_code == 201
        assert "api_key" not in again.json()
        assert secret.encode() not in bytes(SavedReply.objects.get().body)

    def test_it_is_told_in_the_audit_log(self, alice, api):
        made = api(alice).post(path(alice)).json()
        event = alice.organization.events.get(action="api_key.rotated")
        assert event.before == {"expires_at": None}
        assert made["api_key_id"] in event.after["successor"]
        assert made["api_secret"] not in str(event.after)

    def test_a_strangers_is_not_found(self, alice, mallory, api):
        assert api(mallory).post(path(alice)).status_code == 404
        assert api(alice).post(f"/v1/api-keys/{uuid4()}/rotate").status_code == 404


class TestReach:
    """Who rotates a key learns a secret, which may be worth no more than their own."""

    def rotate(self, member, key) -> int:
        answer = ApiClient(member.key_text).post(path(member, key))
        assert member.organization.api_keys.filter(name=key.name).count() == 1
        return answer.status_code

    def wide(self, alice):
        return operations.create_api_key(alice.by, owner=alice.user, name="wide")[0]

    @pytest.mark.parametrize(
        "limit",
        [
            {"expires_at": timezone.now() + timedelta(days=9)},
            {"allowed_cidrs": ["127.0.0.0/8"]},
            {"scopes": ["api_keys:write"]},
            {"role": "agent_manager"},
        ],
        ids=lambda limit: next(iter(limit)),
    )
    def test_a_narrow_key_rotates_no_wider_one(self, alice, limit):
        alice.organization.api_keys.filter(pk=alice.key.pk).update(**limit)
        assert self.rotate(alice, self.wide(alice)) == 403

    def test_nobody_rotates_somebody_elses(self, alice, bob):
        assert self.rotate(alice, bob.key) == 409

    def test_the_successor_is_no_stronger_than_its_owner_is_now(self, alice, bob):
        operations.change_member_role(alice.by, user=bob.user, role="admin")
        key, _text = operations.create_api_key(alice.by, owner=bob.user, name="ci")
        operations.change_member_role(alice.by, user=bob.user, role="agent_manager")
        made, _text = rotate_key(alice.by, key_id=key.pk)
        assert made.role == "agent_manager"

    def test_the_old_one_is_limited_while_it_lasts(self, alice, api):
        api(alice).post(path(alice))
        sent = {"email": "dave@example.com", "role": "user"}
        assert slug(api(alice).post("/v1/invitations", sent)) == "limited-key"
        with pytest.raises(NotRotatable):
            rotate_key(alice.by, key_id=alice.key.pk)


class TestTheScreen:
    def url(self, member, key=None) -> str:
        return screen_url(member.organization, "api_keys_rotate", key_id=(key or member.key).pk)

    def test_the_successor_is_shown_once(self, alice, browse):
        page = browse(alice).post(self.url(alice), {"overlap": "1"})
        text = page.text.split('<code class="secret">')[1].split("<")[0]
        assert page["Cache-Control"] == "no-store"
        assert ApiClient(text).get("/v1/api-keys").status_code == 200
        alice.key.refresh_from_db()
        assert about(alice.key.expires_at, timedelta(hours=1))
        listed = browse(alice).get(screen_url(alice.organization, "api_keys")).text
        assert self.url(alice) not in listed
        assert text not in listed

    def test_sent_twice_it_makes_one(self, alice, browse):
        browser = browse(alice)
        browser.post(self.url(alice), {"overlap": "24"})
        again = browser.post(self.url(alice), {"overlap": "24"}, follow=True)
        assert "was rotated already" in again.text
        assert alice.organization.api_keys.count() == 2

    def test_nonsense_is_refused(self, alice, browse):
        assert browse(alice).post(self.url(alice), {"overlap": "5"}).status_code == 422

    def test_somebody_elses_is_not_offered(self, alice, bob, browse):
        listed = browse(alice).get(screen_url(alice.organization, "api_keys")).text
        assert self.url(alice, bob.key) not in listed
        assert "Only its owner" in browse(alice).get(self.url(alice, bob.key)).text
        answer = browse(alice).post(self.url(alice, bob.key), {"overlap": "24"}, follow=True)
        assert "Only its owner" in answer.text
