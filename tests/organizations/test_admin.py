"""The admin as a whole, then people, organizations and keys."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.ledger import operation_requests as ledger
from integrations.models import Integration, Operation, ProviderCall
from organizations import operations
from organizations.access import api_key_format
from organizations.models import ApiKey, Event, Membership, Organization, SavedReply, User
from tests.support import factories
from tests.support.admin_site import (
    admin_change_url,
    admin_form_errors,
    admin_url,
    response_messages,
    response_text,
    row_action_url,
)

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
OURS = ("organizations", "integrations", "carriers", "numbers")


def addresses() -> list[str]:
    """Every list, every adding page and the page of every row; the question before each danger."""
    found = [admin_url("index")]
    for model, page in admin.site._registry.items():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        found.append(admin_url(f"{name}_changelist"))
        if page.has_add_permission.__func__.__qualname__.split(".")[0] != "ReadOnlyAdmin":
            found.append(admin_url(f"{name}_add"))
        for row in model._default_manager.all():
            found.append(admin_url(f"{name}_change", row.pk))
            dangers = [a.name for a in getattr(page, "row_actions", ()) if a.is_dangerous]
            found += [row_action_url(action, row) for action in dangers]
    return found


@pytest.fixture
def rich(alice, mallory) -> dict[str, str]:
    """One of everything, and the secrets among it."""
    integration = factories.create_sandbox(alice.by, name="Secretive", default=False)
    account = {"access_code": "S3CRET-account"}
    ledger.connect_integration(alice.by, kind="sandbox", name="Secretive", account=account)
    factories.run_open_operation("integration", integration.pk)
    candidate = {"access_code": "S3CRET-candidate"}
    ledger.connect_integration(alice.by, kind="sandbox", name="Secretive", account=candidate)
    registration = {"username": "acme", "password": "S3CRET-password", "realm": None}
    carrier = factories.create_carrier(
        alice.by, name="Reg", trunk_type="reg", registration=registration
    )
    factories.create_number(alice.by)
    operation = Operation.objects.get(subject_kind="placement")
    owner = {"organization": alice.organization, "integration": integration}
    ProviderCall.objects.create(
        **owner, operation=operation, method="GET", url="https://example.com", duration_ms=1
    )
    SavedReply.objects.create(
        organization=alice.organization,
        key="idem",
        fingerprint=b"S3CRET-fingerprint",
        status=201,
        body=b"S3CRET-reply",
        headers={"X": "S3CRET-header"},
        expires_at=timezone.now() + timedelta(hours=1),
    )
    integration.refresh_from_db()
    return {
        "key": alice.key_text.rpartition("_")[2],
        "digest": bytes(alice.key.digest).hex(),
        "digest as Python writes it": str(bytes(alice.key.digest))[2:-1],
        "sealed": integration.sealed,
        "candidate": integration.candidate,
        "sealed password": carrier.sealed,
        "marked": "S3CRET",
    }


class TestEveryPage:
    def test_it_answers_and_shows_no_secret(self, rich, staff):
        for address in addresses():
            response = staff.get(address)
            assert response.status_code == 200, address
            shown = [name for name, secret in rich.items() if secret in response_text(response)]
            assert not shown, address

    def test_it_is_closed_to_everybody_but_operators(self, rich, alice):
        nobody, member = Client(), Client()
        member.force_login(alice.user)
        for address in addresses():
            for visitor in (nobody, member):
                response = visitor.get(address)
                assert response.status_code == 302, address
                assert response.url.startswith(reverse("admin:login"))

    def test_an_operator_without_rights_sees_nothing(self, rich, alice):
        client = operator(alice)
        for address in addresses()[1:]:
            assert client.get(address).status_code == 403, address
        page = response_text(client.get(admin_url("index")))
        assert "Phone numbers" not in page
        assert "S3CRET" not in page

    def test_every_model_of_ours_has_one(self):
        inline = {"SipGateway", "Placement", "PooledNumber", "Seal", "ExportPart"}
        ours = {model for app in OURS for model in apps.get_app_config(app).get_models()}
        missing = {model.__name__ for model in ours - set(admin.site._registry)}
        assert missing == inline

    def test_lists_cost_the_same_for_many_rows(
        self, rich, alice, staff, django_assert_max_num_queries
    ):
        for n in range(4):
            member = factories.create_member(f"Dave{n}")
            factories.create_sandbox(member.by)
        for model in admin.site._registry:
            name = f"{model._meta.app_label}_{model._meta.model_name}_changelist"
            with django_assert_max_num_queries(7):
                staff.get(admin_url(name))


def operator(member: factories.Member) -> Client:
    """A member who is an operator too, without any right."""
    User.objects.filter(pk=member.user.pk).update(is_staff=True)
    client = Client()
    client.force_login(User.objects.get(pk=member.user.pk))
    return client


class TestSignIn:
    @pytest.mark.parametrize("email", ["olga@example.com", "OLGA@example.com"])
    def test_by_e_mail_in_any_case(self, staff, email):
        client = Client()
        form = {"login": email, "password": PASSWORD, "next": admin_url("index")}
        assert client.post(reverse("account_login"), form)["Location"] == admin_url("index")
        assert client.get(admin_url("index")).status_code == 200

    def test_a_member_is_no_operator(self, alice):
        client = Client()
        form = {"login": "alice@example.com", "password": PASSWORD, "next": admin_url("index")}
        assert client.post(reverse("account_login"), form, follow=True).status_code == 403


class TestOverview:
    def test_it_counts_and_names_what_needs_somebody(self, alice, mallory, staff):
        factories.create_number(alice.by)
        failed = factories.create_number(alice.by, "+15005550001")
        Integration.objects.filter(organization=mallory.organization).update(
            state="paused", state_reason="The token was rotated."
        )
        page = staff.get(admin_url("index"))
        counts = {tile["status"]: tile["count"] for tile in page.context["numbers"]}
        assert counts == {"pending": 0, "active": 1, "inactive": 0, "failed": 1, "deleted": 0}
        assert failed.error_message in response_text(page)
        assert "The token was rotated." in response_text(page)

    def test_it_tells_of_late_operations(self, alice, staff):
        factories.create_number(alice.by, settled=False)
        overdue = timezone.now() - timedelta(minutes=5)
        Operation.objects.filter(status="open").update(next_attempt_at=overdue)
        page = staff.get(admin_url("index"))
        assert page.context["ledger"] == {"open": 1, "late": 1}

    def test_it_takes_few_queries(self, rich, staff, django_assert_max_num_queries):
        staff.get(admin_url("index"))  # the figures are counted, and kept for a while
        with django_assert_max_num_queries(12):
            staff.get(admin_url("index"))


class TestUsers:
    FORM = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}

    def test_one_is_added_by_e_mail(self, staff):
        passwords = {"password1": "staple of the horse", "password2": "staple of the horse"}
        staff.post(admin_url("organizations_user_add"), {"email": "dave@example.com", **passwords})
        assert User.objects.get(email="dave@example.com").check_password("staple of the horse")

    def test_an_e_mail_in_another_case_is_known(self, alice, staff):
        passwords = {"password1": "staple of the horse", "password2": "staple of the horse"}
        form = {"email": "ALICE@example.com", **passwords}
        page = staff.post(admin_url("organizations_user_add"), form)
        assert "a user with this e-mail already" in response_text(page)

    def test_one_is_deactivated_and_never_deleted(self, alice, staff):
        staff.post(admin_change_url(alice.user), {**self.FORM, "email": "alice@example.com"})
        alice.user.refresh_from_db()
        assert not alice.user.is_active
        delete = admin_url("organizations_user_delete", alice.user.pk)
        assert staff.post(delete, {"post": "yes"}).status_code == 403

    def test_nobody_locks_themselves_out(self, staff):
        olga = User.objects.get(email="olga@example.com")
        staff.post(admin_change_url(olga), {**self.FORM, "email": "olga@example.com"})
        olga.refresh_from_db()
        assert olga.is_active
        assert olga.is_superuser

    def test_only_a_superuser_makes_superusers_or_changes_one(self, alice, carol, staff):
        from django.contrib.auth.models import Permission

        client = operator(alice)
        names = ["change_user", "view_user"]
        alice.user.user_permissions.set(Permission.objects.filter(codename__in=names))
        raised = {**self.FORM, "email": "carol@example.com", "is_active": "on"}
        raised |= {"is_staff": "on", "is_superuser": "on"}
        client.post(admin_change_url(carol.user), raised)
        carol.user.refresh_from_db()
        assert (carol.user.is_staff, carol.user.is_superuser) == (False, False)
        olga = User.objects.get(email="olga@example.com")
        assert (
            client.post(admin_change_url(olga), {**raised, "email": "x@example.com"}).status_code
            == 403
        )
        password = {"password1": "staple of the horse", "password2": "staple of the horse"}
        change = admin_url("auth_user_password_change", olga.pk)
        assert client.post(change, password).status_code == 403


class TestOrganizations:
    def test_one_is_added_with_its_first_admin(self, mallory, staff):
        form = {"name": "Acme", "owner": str(mallory.user.pk)}
        staff.post(admin_url("organizations_organization_add"), form)
        acme = Organization.objects.get(name="Acme")
        assert acme.memberships.get().role == "admin"

    def test_one_is_renamed_and_the_audit_log_knows(self, alice, staff):
        form = {**TestUsers.FORM, "name": "Acme"}
        staff.post(admin_change_url(alice.organization), form)
        alice.organization.refresh_from_db()
        assert alice.organization.name == "Acme"
        event = alice.organization.events.get(action="organization.renamed")
        assert (event.actor_kind, event.before) == ("staff", {"name": "Alice's"})

    def test_one_is_never_deleted(self, alice, staff):
        delete = admin_url("organizations_organization_delete", alice.organization.pk)
        assert staff.post(delete, {"post": "yes"}).status_code == 403
        form = {"action": "delete_selected", "_selected_action": [str(alice.organization.pk)]}
        staff.post(admin_url("organizations_organization_changelist"), {**form, "post": "yes"})
        assert Organization.objects.filter(pk=alice.organization.pk).exists()

    def test_its_history_is_the_audit_log(self, alice, staff):
        history = admin_url("organizations_organization_history", alice.organization.pk)
        page = response_text(staff.get(history, follow=True))
        assert "organization.created" in page
        assert "api_key.created" not in page


class TestMembers:
    def test_one_is_added(self, alice, mallory, staff):
        add = f"{admin_url('organizations_membership_add')}?organization={alice.organization.pk}"
        form = {"user": str(mallory.user.pk), "role": "user"}
        assert staff.post(add, form).status_code == 302
        assert alice.organization.memberships.get(user=mallory.user).role == "user"
        assert "already exists" in response_text(staff.post(add, form))

    def test_a_role_is_changed_and_its_key_with_it(self, alice, carol, staff, api):
        membership = alice.organization.memberships.get(user=carol.user)
        staff.post(admin_change_url(membership), {"role": "admin"})
        membership.refresh_from_db()
        assert membership.role == "admin"
        event = alice.organization.events.get(action="member.changed")
        assert (event.before, event.after) == ({"role": "user"}, {"role": "admin"})

    def test_a_removed_member_s_keys_stop_for_good(self, alice, bob, staff, api):
        membership = alice.organization.memberships.get(user=bob.user)
        assert "their API keys there stop" in response_text(
            staff.get(row_action_url("remove", membership))
        )
        staff.post(row_action_url("remove", membership), {"confirmed": "yes"})
        assert not Membership.objects.filter(pk=membership.pk).exists()
        assert api(bob).get("/v1/phone-numbers").status_code == 401
        operations.add_member(alice.by, user=bob.user, role="admin")
        assert api(bob).get("/v1/phone-numbers").status_code == 401

    def test_the_last_admin_stays_one(self, alice, staff):
        membership = alice.organization.memberships.get()
        answers = [
            staff.post(admin_change_url(membership), {"role": "user"}),
            staff.post(row_action_url("remove", membership), {"confirmed": "yes"}),
        ]
        assert all("needs an admin" in response_messages(answer)[-1] for answer in answers)
        assert response_messages(answers[-1])[-1].startswith("alice@example.com in Alice's: ")
        assert answers[-1].url == admin_change_url(membership)  # not the list, as if it were gone
        assert alice.organization.memberships.get().role == "admin"


class TestKeys:
    def add(self, staff: Client, member: factories.Member, **fields):
        form = {"name": "billing", "owner": str(member.user.pk), "role": "admin", **fields}
        add = f"{admin_url('organizations_apikey_add')}?organization={member.organization.pk}"
        return staff.post(add, form)

    def test_a_new_one_is_shown_once_and_works(self, alice, staff, api):
        page = self.add(staff, alice, scopes=["phone_numbers:read"])
        text = page.context["text"]
        assert response_text(page).count(text.full) == 1
        assert "no-store" in page.headers["Cache-Control"]
        key = alice.organization.api_keys.get(name="billing")
        assert key.scopes == ["phone_numbers:read"]
        assert api_key_format.parse_api_key(text.full).matches(key.digest)
        assert text.secret not in response_text(staff.get(admin_change_url(key)))
        assert text.secret not in str(dict(staff.session))
        event = alice.organization.events.filter(action="api_key.created").latest("id")
        assert event.actor_kind == "staff"

    def test_networks_and_an_end_are_kept(self, alice, staff):
        networks = "203.0.113.0/24, 2001:db8::/32"
        when = {"expires_at_0": "2030-01-01", "expires_at_1": "12:00"}
        self.add(staff, alice, allowed_cidrs=networks, **when)
        key = alice.organization.api_keys.get(name="billing")
        assert key.allowed_cidrs == ["203.0.113.0/24", "2001:db8::/32"]
        assert key.expires_at.year == 2030

    def test_what_is_wrong_stands_beside_its_field(self, alice, carol, mallory, staff):
        page = self.add(staff, alice, allowed_cidrs="nowhere")
        assert "Not a network" in str(admin_form_errors(page)["allowed_cidrs"])
        page = self.add(staff, carol, role="admin")
        assert "higher role" in str(admin_form_errors(page)["role"])
        page = self.add(staff, alice, owner=str(mallory.user.pk))
        assert "owner" in admin_form_errors(page)
        assert not ApiKey.objects.filter(name="billing").exists()

    def test_revoking_asks_first(self, alice, staff, api):
        assert "refused at once" in response_text(staff.get(row_action_url("revoke", alice.key)))
        staff.post(row_action_url("revoke", alice.key), {"confirmed": "yes"})
        assert api(alice).get("/v1/phone-numbers").status_code == 401
        assert "revoked" in response_text(staff.get(admin_url("organizations_apikey_changelist")))
        response = staff.post(row_action_url("revoke", alice.key), {"confirmed": "yes"})
        assert "had been revoked before" in response_messages(response)[-1]

    def test_one_is_found_by_its_public_text(self, alice, mallory, staff):
        public = f"pb_live_{alice.key.key_id}"
        page = response_text(staff.get(admin_url("organizations_apikey_changelist"), {"q": public}))
        assert public in page
        assert mallory.key.key_id not in page


@pytest.mark.parametrize("model", [Event, SavedReply])
def test_what_was_done_cannot_be_edited(rich, staff, model):
    row = model.objects.first()
    name = f"organizations_{model._meta.model_name}"
    assert staff.get(admin_url(f"{name}_add")).status_code == 403
    assert staff.post(admin_change_url(row), {"action": "x", "status": "1"}).status_code == 403
    assert staff.post(admin_url(f"{name}_delete", row.pk), {"post": "yes"}).status_code == 403


def test_a_group_is_offered_the_rights_to_what_has_pages(staff):
    form = staff.get(admin_url("auth_group_add")).context["adminform"].form
    apps_offered = {
        permission.content_type.app_label for permission in form.fields["permissions"].queryset
    }
    assert apps_offered == {"auth", "carriers", "integrations", "numbers", "organizations"}
