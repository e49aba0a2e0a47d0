"""Operators below superusers: nobody edits a person who may more, or grants more than they have.
What is done to a person's account is told to the person and their organizations."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.test import Client

from organizations.access.principals import member_principal
from organizations.accounts import invitations
from organizations.models import ApiKey, Membership, User
from organizations.operations import create_api_key
from tests.support.admin_site import (
    admin_change_url,
    admin_url,
    response_messages,
    response_text,
    row_action_url,
)
from tests.support.sign_in import enroll_second_factor

pytestmark = pytest.mark.django_db

NEW = {"password1": "staple of the horse", "password2": "staple of the horse"}
LISTS = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
ON_PEOPLE = ("view_user", "change_user", "add_user")
ON_MEMBERS = ("view_membership", "add_membership", "change_membership", "delete_membership")
ON_GROUPS = ("view_group", "add_group", "change_group", "delete_group")


def rights(*names: str):
    found = Permission.objects.filter(codename__in=names)
    assert found.count() == len(names)
    return found


def group_of(name: str, *names: str) -> Group:
    group = Group.objects.create(name=name)
    group.permissions.set(rights(*names))
    return group


@pytest.fixture
def desk(db) -> User:
    """An operator who looks after people, memberships and groups."""
    user = User.objects.create_user("desk@example.com", NEW["password1"], is_staff=True)
    user.groups.add(group_of("Desk", *ON_PEOPLE, *ON_MEMBERS, *ON_GROUPS, "add_apikey"))
    return user


@pytest.fixture
def browser(desk) -> Client:
    client = Client()
    client.force_login(desk, "django.contrib.auth.backends.ModelBackend")
    return client


def superuser(**fields) -> User:
    return User.objects.create_superuser("root@example.com", NEW["password1"], **fields)


def stronger(**fields) -> User:
    user = User.objects.create_user("net@example.com", NEW["password1"], is_staff=True, **fields)
    user.groups.add(group_of("Network", *ON_PEOPLE, "delete_carrier"))
    return user


def by_own_right(**fields) -> User:
    user = User.objects.create_user("own@example.com", NEW["password1"], is_staff=True, **fields)
    user.user_permissions.set(rights("delete_carrier"))
    return user


STRONGER = {
    "superuser": superuser,
    "by a group": stronger,
    "by their own right": by_own_right,
    "an inactive superuser": lambda: superuser(is_active=False),
    "an inactive operator": lambda: stronger(is_active=False),
}


@pytest.fixture(params=STRONGER)
def above(request, db) -> User:
    return STRONGER[request.param]()


def form_of(user: User, **changes) -> dict[str, str]:
    kept = {"email": user.email, "name": user.name, "is_active": "on", **changes}
    return {**LISTS, **{name: value for name, value in kept.items() if value is not None}}


class TestPeopleAbove:
    def test_neither_e_mail_nor_state_is_theirs_to_change(self, browser, above):
        for change in ({"email": "desk2@example.com"}, {"is_active": None}, {"name": "x"}):
            assert (
                browser.post(admin_change_url(above), form_of(above, **change)).status_code == 403
            )
        assert User.objects.get(pk=above.pk).email == above.email

    def test_nor_their_password(self, browser, above):
        page = admin_url("auth_user_password_change", above.pk)
        for sent in (NEW, {"usable_password": "false", "unset-password": "x"}):
            assert browser.post(page, sent).status_code == 403
        assert browser.get(page).status_code == 403
        assert User.objects.get(pk=above.pk).password == above.password

    def test_nor_their_second_factor(self, browser, above):
        enroll_second_factor(above)
        answer = browser.post(row_action_url("second-factor", above), {"confirmed": "yes"})
        assert "may do more in this admin than you" in response_messages(answer)[-1]
        assert above.authenticator_set.exists()

    def test_nor_their_membership(self, browser, above, alice):
        row = Membership.objects.create(organization=alice.organization, user=above, role="admin")
        assert browser.post(admin_change_url(row), {"role": "user"}).status_code == 403
        marked = {"action": "remove", "_selected_action": [str(row.pk)], "confirmed": "yes"}
        answer = browser.post(admin_url("organizations_membership_changelist"), marked)
        assert "may do more in this admin than you" in response_messages(answer)[-1]
        browser.post(row_action_url("remove", row), {"confirmed": "yes"})
        row.refresh_from_db()
        assert row.role == "admin"

    def test_nor_is_a_key_made_in_their_name(self, browser, above, alice):
        Membership.objects.create(organization=alice.organization, user=above, role="admin")
        add = f"{admin_url('organizations_apikey_add')}?organization={alice.organization.pk}"
        browser.post(add, {"name": "x", "owner": str(above.pk), "role": "user"})
        assert not ApiKey.objects.filter(owner=above).exists()

    def test_nor_is_their_key_rotated(self, browser, desk, above, alice):
        desk.groups.first().permissions.add(*rights("view_apikey", "delete_apikey"))
        Membership.objects.create(organization=alice.organization, user=above, role="admin")
        key, _text = create_api_key(alice.by, owner=above, name="theirs")
        page = browser.post(admin_url("organizations_apikey_rotate", key.pk), {"overlap": "24"})
        assert "may do more in this admin than you" in response_text(page)
        assert ApiKey.objects.filter(owner=above).get().successor is None

    def test_a_superuser_does_all_of_it(self, staff, above):
        assert staff.post(admin_change_url(above), form_of(above, name="x")).status_code == 302
        assert staff.post(admin_url("auth_user_password_change", above.pk), NEW).status_code == 302


class TestPeopleBelow:
    @pytest.mark.parametrize("has_rank", [False, True])
    def test_an_equal_and_a_weaker_one_are_edited(self, browser, carol, has_rank):
        if has_rank:
            carol.user.groups.add(Group.objects.get(name="Desk"))
            User.objects.filter(pk=carol.user.pk).update(is_staff=True)
        answer = browser.post(
            admin_change_url(carol.user), form_of(carol.user, email="c@example.com")
        )
        assert answer.status_code == 302
        assert User.objects.get(pk=carol.user.pk).email == "c@example.com"

    def test_no_rank_is_given(self, browser, carol):
        wide = group_of("Wide", "delete_carrier")
        raised = {"is_staff": "on", "is_superuser": "on", "groups": [str(wide.pk)]}
        raised |= {"user_permissions": [str(rights("delete_carrier").get().pk)]}
        for person in (carol.user, User.objects.get(email="desk@example.com")):
            browser.post(admin_change_url(person), form_of(person, **raised))
            browser.post(
                admin_url("organizations_user_add"), {"email": "x@example.com", **NEW, **raised}
            )
        assert not User.objects.filter(is_superuser=True).exists()
        assert not User.objects.filter(groups=wide).exists()
        assert not rights("delete_carrier").get().user_set.exists()


class TestGroups:
    def test_none_is_widened_beyond_ones_own_rights(self, browser, desk):
        mine, more = desk.groups.get(), rights("delete_carrier").get()
        kept = [str(pk) for pk in mine.permissions.values_list("pk", flat=True)]
        page = browser.post(
            admin_change_url(mine), {"name": "Desk", "permissions": [*kept, str(more.pk)]}
        )
        assert "not one of the available choices" in response_text(page)
        browser.post(admin_url("auth_group_add"), {"name": "New", "permissions": [str(more.pk)]})
        assert not Group.objects.filter(permissions=more).exists()
        browser.post(admin_url("auth_group_add"), {"name": "New", "permissions": kept[:1]})
        assert Group.objects.get(name="New").permissions.count() == 1

    def test_a_wider_one_is_neither_changed_nor_deleted(self, browser):
        wide = group_of("Wide", "delete_carrier")
        assert (
            browser.post(admin_change_url(wide), {"name": "x", "permissions": []}).status_code
            == 403
        )
        assert (
            browser.post(admin_url("auth_group_delete", wide.pk), {"post": "yes"}).status_code
            == 403
        )
        marked = {"action": "delete_selected", "_selected_action": [str(wide.pk)], "post": "yes"}
        browser.post(admin_url("auth_group_changelist"), marked)
        assert [p.codename for p in Group.objects.get(name="Wide").permissions.all()] == [
            "delete_carrier"
        ]


class TestOwnMemberships:
    def test_nobody_makes_themselves_a_member_or_more(self, browser, desk, alice):
        add = f"{admin_url('organizations_membership_add')}?organization={alice.organization.pk}"
        page = browser.post(add, {"user": str(desk.pk), "role": "admin"})
        assert "Only a superuser changes their own memberships." in response_text(page)
        row = Membership.objects.create(organization=alice.organization, user=desk, role="user")
        answer = browser.post(admin_change_url(row), {"role": "admin"})
        assert "Only a superuser changes their own memberships." in response_messages(answer)[-1]
        row.refresh_from_db()
        assert row.role == "user"


@pytest.fixture
def at_two(carol, mallory, settings) -> User:
    """Carol, in two organizations, where mail is configured."""
    settings.CAN_MAIL = True
    Membership.objects.create(organization=mallory.organization, user=carol.user, role="admin")
    return carol.user


class TestTold:
    def acts(self, browser, person: User) -> dict[str, tuple[str, dict]]:
        return {
            "password_set": (admin_url("auth_user_password_change", person.pk), NEW),
            "second_factor_removed": (
                row_action_url("second-factor", person),
                {"confirmed": "yes"},
            ),
            "email_changed": (admin_change_url(person), form_of(person, email="c@example.com")),
            "deactivated": (admin_change_url(person), form_of(person, is_active=None)),
        }

    @pytest.mark.parametrize(
        "deed", ["password_set", "second_factor_removed", "email_changed", "deactivated"]
    )
    def test_every_organization_and_the_person_hear_of_it(
        self, browser, desk, at_two, deed, django_capture_on_commit_callbacks
    ):
        enroll_second_factor(at_two)
        page, sent = self.acts(browser, at_two)[deed]
        with django_capture_on_commit_callbacks(execute=True):
            assert browser.post(page, sent).status_code == 302
        for membership in at_two.memberships.all():
            (event,) = membership.organization.events.filter(action=f"member.{deed}")
            assert (event.actor_kind, event.actor_label) == ("staff", f"operator {desk.email}")
            assert event.subject_id == at_two.pk
        to = {"carol@example.com"} | ({"c@example.com"} if deed == "email_changed" else set())
        assert {address for sent in mail.outbox for address in sent.to} == to
        assert all(len(sent.to) == 1 for sent in mail.outbox)
        assert "Who: desk@example.com" in mail.outbox[0].body
        assert NEW["password1"] not in mail.outbox[0].body

    def test_an_address_is_told_where_the_account_went(
        self, browser, at_two, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            browser.post(admin_change_url(at_two), form_of(at_two, email="c@example.com"))
        assert "From: carol@example.com\nTo: c@example.com" in mail.outbox[0].body
        event = at_two.memberships.first().organization.events.get(action="member.email_changed")
        assert (event.before, event.after) == (
            {"email": "carol@example.com"},
            {"email": "c@example.com"},
        )

    def test_what_changes_nothing_is_told_to_nobody(
        self, browser, at_two, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            browser.post(admin_change_url(at_two), form_of(at_two, name="Caroline"))
            browser.post(
                admin_url("auth_user_password_change", at_two.pk), {**NEW, "password2": "other"}
            )
        assert mail.outbox == []

    def test_who_is_deactivated_leaves_no_invitation_behind(self, browser, mallory, at_two):
        here = {"organization": mallory.organization}
        by = member_principal(at_two.memberships.select_related("organization", "user").get(**here))
        made, link = invitations.create_invitation(by, email="friend@example.com", role="admin")
        browser.post(admin_change_url(at_two), form_of(at_two, is_active=None))
        with pytest.raises(invitations.InvitationNotOpen):
            invitations.find_open_invitation(link.split("/")[-2])

    def test_who_is_deactivated_comes_back_without_their_sessions(self, browser, at_two):
        own = Client()
        own.force_login(at_two, "django.contrib.auth.backends.ModelBackend")
        browser.post(admin_change_url(at_two), form_of(at_two, is_active=None))
        browser.post(admin_change_url(at_two), form_of(at_two))
        assert User.objects.get(pk=at_two.pk).is_active
        assert own.get("/accounts/sessions/").status_code == 302

    def test_a_mail_server_that_is_away_stops_nothing(
        self, browser, at_two, settings, caplog, django_capture_on_commit_callbacks
    ):
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
        with django_capture_on_commit_callbacks(execute=True):
            answer = browser.post(admin_change_url(at_two), form_of(at_two, is_active=None))
        assert answer.status_code == 302
        assert "Nobody was told by mail" in caplog.text
