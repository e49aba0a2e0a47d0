"""The people of an organization, on the screens: invited, joining, changed, removed, leaving."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from organizations.access.roles import granted_permissions
from organizations.accounts import invitations
from organizations.models import Invitation, User
from organizations.operations import HigherRole, change_member_role, create_api_key
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db
GOOD = "a quiet river at noon"


def at(member, name: str, **path) -> str:
    return screen_url(member.organization, name, **path)


@pytest.fixture
def link(alice) -> str:
    """To Alice's organization, for Dave, who has no account."""
    return urlsplit(
        invitations.create_invitation(alice.by, email="dave@example.com", role="user")[1]
    ).path


class TestInviting:
    def wish(self, browser, member, email="dave@example.com", role="user"):
        return browser.post(at(member, "members"), {"email": email, "role": role})

    def test_the_link_is_shown_once(self, alice, browse):
        answer = self.wish(browse(alice), alice)
        invitation = alice.organization.invitations.get()
        assert "/invitations/" in answer.text
        assert answer["Cache-Control"] == "no-store"
        assert (invitation.email, invitation.role) == ("dave@example.com", "user")
        assert invitation.invited_by == alice.user
        assert invitation.expires_at - timezone.now() > timedelta(days=6, hours=23)
        page = browse(alice).get(at(alice, "members")).text
        assert "dave@example.com" in page
        assert "/invitations/http" not in page
        assert alice.organization.events.filter(action="invitation.created").exists()

    def test_it_is_mailed_where_there_is_mail(
        self, alice, browse, settings, django_capture_on_commit_callbacks
    ):
        settings.CAN_MAIL = True
        with django_capture_on_commit_callbacks(execute=True):
            self.wish(browse(alice), alice)
        assert mail.outbox[0].to == ["dave@example.com"]
        assert "http://127.0.0.1:8000/invitations/" in mail.outbox[0].body

    def test_what_is_wrong_stands_beside_its_field(self, alice, bob, browse):
        for email, told in (("nobody", "valid email"), ("BOB@example.com", "member already")):
            answer = self.wish(browse(alice), alice, email)
            assert answer.status_code == 422
            assert told in answer.context["form"].errors["email"][0]
            assert f'value="{email}"' in answer.text
        assert not alice.organization.invitations.exists()

    def test_a_second_one_ends_the_first(self, alice, browse, link):
        self.wish(browse(alice), alice)
        assert Client().get(link).status_code == 404
        assert alice.organization.invitations.filter(revoked_at=None).count() == 1

    def test_others_may_not_and_see_no_form(self, alice, bob, carol, browse):
        for member in (bob, carol):
            assert self.wish(browse(member), alice).status_code == 403
            assert "Make the link" not in browse(member).get(at(alice, "members")).text

    def test_a_stranger_finds_nothing(self, alice, mallory, browse, link):
        invitation = alice.organization.invitations.get()
        path = at(mallory, "members_revoke", invitation_id=invitation.pk)
        assert browse(mallory).post(path).status_code == 404
        assert Client().get(link).status_code == 200

    def test_revoked_its_link_opens_nothing(self, alice, browse, link):
        invitation = alice.organization.invitations.get()
        path = at(alice, "members_revoke", invitation_id=invitation.pk)
        for told in ("is revoked", "already"):
            assert told in browse(alice).post(path, follow=True).text
        assert Client().get(link).status_code == 404
        assert alice.organization.events.filter(action="invitation.revoked").count() == 1


class TestJoining:
    def test_a_new_person_makes_an_account_and_is_in(self, alice, link):
        browser = Client()
        assert "dave@example.com" in browser.get(link).text
        answer = browser.post(link, {"name": "Dave", "password": GOOD})
        assert answer["Location"] == at(alice, "dashboard")
        assert browser.get(answer["Location"]).status_code == 200
        dave = User.objects.get(email="dave@example.com")
        assert (dave.name, dave.memberships.get().role) == ("Dave", "user")
        assert dave.check_password(GOOD)
        assert Invitation.objects.get().accepted_by == dave
        actions = set(alice.organization.events.values_list("action", flat=True))
        assert {"invitation.accepted", "member.added"} <= actions

    def test_a_link_opens_once(self, link):
        Client().post(link, {"name": "Dave", "password": GOOD})
        assert Client().get(link).status_code == 404
        again = Client().post(link, {"name": "Eve", "password": GOOD})
        assert (again.status_code, User.objects.filter(name="Eve").count()) == (404, 0)

    @pytest.mark.parametrize("password", ["short", "password123", "dave@example.com", ""])
    def test_a_weak_password_is_refused_and_not_sent_back(self, link, password):
        answer = Client().post(link, {"name": "Dave", "password": password})
        assert answer.status_code == 422
        assert "has-errors" in answer.text
        assert 'value="Dave"' in answer.text
        assert f'type="password" value="{password}"' not in answer.text
        assert not User.objects.filter(email="dave@example.com").exists()

    def test_an_expired_or_unknown_one_says_so(self, link):
        Invitation.objects.update(expires_at=timezone.now())
        for path in (link, "/invitations/nothing/"):
            answer = Client().get(path)
            assert (answer.status_code, "no longer works" in answer.text) == (404, True)

    def test_who_has_an_account_signs_in_and_accepts(self, alice, browse, link):
        dave = factories.create_member("Dave")
        assert "Sign in and accept" in Client().get(link).text
        answer = browse(dave).post(link)
        assert answer["Location"] == at(alice, "dashboard")
        assert alice.organization.memberships.get(user=dave.user).role == "user"

    def test_the_page_does_not_tell_who_has_an_account(self, link):
        token = 'name="csrfmiddlewaretoken" value="'
        before = Client().get(link).text
        factories.create_member("Dave")
        after = Client().get(link).text
        pages = [
            page[: page.index(token)] + page[page.index(token) + 100 :] for page in (before, after)
        ]
        assert pages[0] == pages[1]

    def test_an_account_is_not_taken_over_by_the_link(self, link):
        dave = factories.create_member("Dave").user
        answer = Client().post(link, {"name": "Eve", "password": GOOD})
        dave.refresh_from_db()
        assert answer.status_code == 422
        assert not dave.check_password(GOOD)

    def test_somebody_else_is_told_for_whom_it_is(self, alice, mallory, browse, link):
        page = browse(mallory).get(link).text
        assert "dave@example.com" in page
        assert "mallory@example.com" in page
        assert browse(mallory).post(link).status_code == 403
        assert not alice.organization.memberships.filter(user=mallory.user).exists()


def roles_in(member) -> dict[str, str]:
    rows = member.organization.memberships.values_list("user__email", "role")
    return {email.partition("@")[0]: role for email, role in rows}


class TestMembers:
    def test_roles_are_told_in_words(self, alice, bob, carol, browse):
        page = browse(carol).get(at(alice, "members")).text
        assert "Agent manager" in page
        assert "numbers, carriers, integrations, agents and API keys" in page
        assert "Change role" not in page

    def test_an_admin_changes_a_role(self, alice, bob, browse):
        answer = browse(alice).post(
            at(alice, "members_role", user_id=bob.user.pk), {"role": "user"}, follow=True
        )
        assert "is changed" in answer.text
        assert alice.organization.memberships.get(user=bob.user).role == "user"

    def test_nobody_gives_more_than_they_have(self, alice, bob, carol):
        narrow = replace(alice.by, permissions=granted_permissions("admin", ["members:write"]))
        weaker = replace(
            alice.by, permissions=granted_permissions("agent_manager", []), role="agent_manager"
        )
        for by, user, role in ((narrow, carol, "admin"), (weaker, carol, "admin")):
            with pytest.raises(HigherRole, match="may more than you"):
                change_member_role(by, user=user.user, role=role)
        with pytest.raises(HigherRole, match="higher role than you"):
            change_member_role(weaker, user=alice.user, role="user")
        change_member_role(weaker, user=carol.user, role="agent_manager")
        assert roles_in(alice) == {"alice": "admin", "bob": bob.key.role, "carol": bob.key.role}

    def test_the_last_admin_is_told_before_leaving(self, alice, bob, browse):
        page = browse(alice).get(at(alice, "organization_leave")).text
        assert ("needs an admin" in page, "btn danger" in page) == (True, False)
        page = browse(bob).get(at(alice, "organization_leave")).text
        assert ("needs an admin" in page, "btn danger" in page) == (False, True)

    def test_the_last_admin_stays_one(self, alice, browse):
        path = at(alice, "members_role", user_id=alice.user.pk)
        answer = browse(alice).post(path, {"role": "user"})
        (told,) = answer.context["form"].errors["role"]
        assert (answer.status_code, "needs an admin" in told) == (422, True)
        for name in ("members_remove", "organization_leave"):
            told = {"user_id": alice.user.pk} if name == "members_remove" else {}
            assert "needs an admin" in browse(alice).post(at(alice, name, **told), follow=True).text
        assert alice.organization.memberships.get(user=alice.user).role == "admin"

    def test_removing_names_the_keys_that_stop(self, alice, bob, browse):
        path = at(alice, "members_remove", user_id=bob.user.pk)
        assert f"pb_live_{bob.key.key_id}" in browse(alice).get(path).text
        browse(alice).post(path)
        assert not alice.organization.memberships.filter(user=bob.user).exists()
        assert alice.organization.api_keys.get(owner=bob.user).revoked_at

    def test_who_is_shown_out_leaves_no_door_open(self, alice, bob, browse):
        change_member_role(alice.by, user=bob.user, role="admin")
        browse(bob).post(at(alice, "members"), {"email": "eve@example.com", "role": "admin"})
        browse(alice).post(at(alice, "members_remove", user_id=bob.user.pk))
        assert alice.organization.invitations.get().state == "revoked"

    def test_anybody_leaves_with_the_keys_of_better_days(self, alice, bob, browse):
        change_member_role(alice.by, user=bob.user, role="admin")
        create_api_key(alice.by, owner=bob.user, name="strong", role="admin")
        change_member_role(alice.by, user=bob.user, role="user")
        answer = browse(bob).post(at(alice, "organization_leave"), follow=True)
        assert "You belong to no organization yet" in answer.text
        assert not alice.organization.api_keys.filter(owner=bob.user, revoked_at=None).exists()
        event = alice.organization.events.get(action="member.removed")
        assert (event.actor_kind, event.actor_label) == ("member", "bob@example.com")


class TestOrganization:
    def test_an_admin_renames_it(self, alice, browse):
        browse(alice).post(at(alice, "organization"), {"name": "Acme"})
        alice.organization.refresh_from_db()
        assert alice.organization.name == "Acme"
        answer = browse(alice).post(at(alice, "organization"), {"name": ""})
        assert (answer.status_code, "has-errors" in answer.text) == (422, True)

    def test_others_read_its_ids(self, alice, carol, browse):
        page = browse(carol).get(at(alice, "organization")).text
        assert alice.organization.public_id in page
        assert str(alice.organization.pk) in page
        assert browse(carol).post(at(alice, "organization"), {"name": "x"}).status_code == 403

    def test_home_leads_to_the_one_of_last_time(self, alice, mallory, browse):
        invitations_link = invitations.create_invitation(
            mallory.by, email="alice@example.com", role="user"
        )[1]
        browser = browse(alice)
        browser.post(urlsplit(invitations_link).path)
        for member in (mallory, alice):
            browser.get(at(member, "members"))
            assert browser.get("/")["Location"] == at(member, "dashboard")

    def test_operators_found_new_ones_others_where_it_is_open(self, alice, staff, browse, settings):
        for browser, founded in ((staff, True), (browse(alice), False)):
            answer = browser.post("/organizations/new", {"name": "Second"})
            assert (answer.status_code == 302) == founded
        settings.OPEN_ORGANIZATIONS = True
        answer = browse(alice).post("/organizations/new", {"name": "Third"})
        assert answer.status_code == 302
        third = alice.user.memberships.get(organization__name="Third")
        assert third.role == "admin"
        assert browse(alice).post("/organizations/new", {"name": ""}).status_code == 422
