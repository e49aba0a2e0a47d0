"""Connecting a platform on the screens: the form from the provider's fields, the check, mending,
changing and rotating; secrets go in and never come out."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext_noop

from integrations.providers.base import AccountField
from integrations.providers.sandbox import Sandbox
from integrations.views.connect import TYPED_ACCOUNT_KEY
from integrations.views.forms import ConnectAccountForm
from organizations.web.views.base import screen_url
from tests.support import factories

pytestmark = pytest.mark.django_db


def url(member, name: str, **path) -> str:
    return screen_url(member.organization, name, **path)


def connect(client, member, *, kind: str = "sandbox", **fields):
    values = {"name": "Second", "account_access_code": "", **fields}
    return client.post(url(member, "integrations_connect", kind=kind), values)


def integration_of(member, name: str = "Second"):
    return member.organization.integrations.get(name=name)


def check(integration) -> None:
    factories.run_open_operation("integration", integration.pk)
    integration.refresh_from_db()


@pytest.fixture
def second(alice):
    """A connected one of Alice's, with a secret and a setting."""
    return factories.create_sandbox(alice.by, name="Second", default=False)


class TestTheForm:
    def test_the_platforms_describe_themselves(self, alice, browse):
        page = browse(alice).get(url(alice, "integrations_add")).text
        assert Sandbox.about in page
        assert "Takes SIP carriers" in page
        assert "You need: API address, API key" in page

    def test_it_is_drawn_from_the_provider_s_fields(self, alice, browse, monkeypatch):
        address = AccountField("base_url", "Address", help="As in the portal.", format="url")
        monkeypatch.setattr(Sandbox, "fields", (address, *Sandbox.fields))
        page = browse(alice).get(url(alice, "integrations_connect", kind="sandbox"))
        drawn = page.context["form"].fields
        assert drawn["account_base_url"].required
        assert drawn["account_base_url"].widget.input_type == "url"
        assert drawn["account_access_code"].widget.input_type == "password"
        assert "As in the portal." in page.text

    def test_the_platform_describes_itself_in_the_reader_s_language(self, alice, browse):
        address = url(alice, "integrations_connect", kind="jambonz")
        page = browse(alice).get(address, headers={"Accept-Language": "de"}).text
        assert "Eine Sprachplattform" in page

    def test_roles_without_a_default_are_offered_first(self, alice, browse):
        alice.organization.default_integrations.filter(role="sip").delete()
        form = browse(alice).get(url(alice, "integrations_connect", kind="sandbox")).context["form"]
        assert form["default_for"].initial == ["sip"]

    def test_a_platform_nobody_knows_is_not_found(self, alice, browse):
        assert browse(alice).get(url(alice, "integrations_connect", kind="x")).status_code == 404


class TestConnecting:
    def test_it_leads_to_the_page_that_shows_the_check(self, alice, browse):
        client = browse(alice)
        answer = connect(client, alice, account_access_code="open sesame")
        made = integration_of(alice)
        assert answer.url == url(alice, "integration", integration_id=made.pk)
        page = client.get(answer.url).text
        assert "The platform is being asked about the credentials." in page
        assert 'hx-trigger="every 2s"' in page
        check(made)
        assert made.account() == {"access_code": "open sesame"}
        page = client.get(answer.url).text
        assert "kept, never shown" in page
        assert "open sesame" not in page

    def test_the_live_part_refreshes_once_the_platform_has_spoken(self, alice, browse):
        client = browse(alice)
        address = connect(client, alice).url
        waiting = client.get(address, headers={"HX-Request": "true"})
        assert waiting.text.strip().startswith('<div id="check"')
        check(integration_of(alice))
        assert client.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"

    def test_it_becomes_the_default_when_it_is_accepted_and_not_before(self, alice, browse):
        connect(browse(alice), alice, default_for=["sip"])
        defaults = alice.organization.default_integrations
        assert defaults.get(role="sip").integration.name == "Sandbox"
        check(integration_of(alice))
        assert defaults.get(role="sip").integration.name == "Second"
        assert defaults.get(role="carrier").integration.name == "Sandbox"
        event = alice.organization.events.get(action="integration.made_default")
        assert event.actor_label == alice.user.email

    def test_a_refused_one_does_not_become_the_default(self, alice, browse):
        connect(browse(alice), alice, account_access_code="wrong", default_for=["sip"])
        check(integration_of(alice))
        assert alice.organization.default_integrations.get(role="sip").integration.name == "Sandbox"

    def test_sent_twice_it_is_connected_once_and_says_so(self, alice, browse):
        client = browse(alice)
        connect(client, alice)
        again = connect(client, alice)
        assert again.status_code == 422
        assert "There is an integration of this name" in again.text
        assert alice.organization.integrations.filter(name="Second").count() == 1

    def test_complaints_stand_beside_their_fields_and_secrets_do_not_come_back(self, alice, browse):
        fields = {"account_base_url": "not an address", "account_token": "t0p-secret"}
        answer = connect(browse(alice), alice, kind="jambonz", **fields)
        assert answer.status_code == 422
        assert answer.context["form"].errors.keys() == {"account_base_url"}
        assert 'value="not an address"' in answer.text
        assert "t0p-secret" not in answer.text
        assert not alice.organization.integrations.filter(name="Second").exists()

    def test_a_provider_s_complaint_speaks_the_reader_s_language(self):
        form = ConnectAccountForm({}, provider=Sandbox, known={}, roles=())
        form.is_valid()
        with translation.override("de"):
            form.tell(ValidationError({"access_code": [gettext_noop("This field is required.")]}))
        assert form.errors["account_access_code"] == ["Dieses Feld ist zwingend erforderlich."]

    def test_what_no_field_can_say_stands_above(self):
        form = ConnectAccountForm({}, provider=Sandbox, known={}, roles=())
        form.is_valid()
        form.tell(ValidationError({"kind": ["No such platform."]}))
        assert form.non_field_errors() == ["No such platform."]


class TestNeverAnswered:
    """A mistyped host is asked for ever; whoever typed it must not have to begin anew."""

    @pytest.fixture
    def there(self, alice, browse):
        client = browse(alice)
        account = {"account_base_url": "https://jambonz.invalid/v1", "account_token": "t0p-secret"}
        connect(client, alice, kind="jambonz", **account)
        return client, integration_of(alice)

    def test_it_can_be_mended_and_asked_at_once(self, alice, there):
        client, integration = there
        page = client.get(url(alice, "integration", integration_id=integration.pk)).text
        assert url(alice, "integration_edit", integration_id=integration.pk) in page
        assert url(alice, "integration_check", integration_id=integration.pk) in page
        assert url(alice, "integration_credentials", integration_id=integration.pk) not in page

    def test_the_next_attempt_goes_to_the_new_address(self, alice, there):
        client, integration = there
        address = url(alice, "integration_edit", integration_id=integration.pk)
        assert 'value="https://jambonz.invalid/v1"' in client.get(address).text
        account = {"account_base_url": "https://jambonz.example.com/v1", "account_token": "s"}
        client.post(address, account)
        integration.refresh_from_db()
        assert integration.candidate_account()["base_url"] == account["account_base_url"]
        assert integration.operations.count() == 1


class TestMending:
    @pytest.fixture
    def refused(self, alice, browse):
        """A client, and a jambonz account that was refused as it has no such address."""
        client = browse(alice)
        account = {"account_base_url": "https://jambonz.invalid/v1", "account_token": "t0p-secret"}
        connect(client, alice, kind="jambonz", default_for=["carrier"], **account)
        integration = integration_of(alice)
        integration.state, integration.state_reason = "refused", "The key is unknown there."
        integration.candidate = ""
        integration.save()
        integration.operations.all().delete()
        return client, integration

    def test_the_page_says_why_and_offers_to_mend_or_to_remove(self, alice, refused):
        client, integration = refused
        page = client.get(url(alice, "integration", integration_id=integration.pk)).text
        assert "The key is unknown there." in page
        assert url(alice, "integration_edit", integration_id=integration.pk) in page
        assert url(alice, "integration_disconnect", integration_id=integration.pk) in page

    def test_the_form_comes_back_with_all_but_the_secrets(self, alice, refused):
        client, integration = refused
        page = client.get(url(alice, "integration_edit", integration_id=integration.pk))
        assert "The key is unknown there." in page.text
        assert 'value="https://jambonz.invalid/v1"' in page.text
        assert page.context["form"]["default_for"].initial == ["carrier"]
        assert "t0p-secret" not in page.text
        assert "t0p-secret" not in str(dict(client.session))
        assert TYPED_ACCOUNT_KEY in client.session

    def test_mended_it_is_checked_again(self, alice, refused):
        client, integration = refused
        answer = client.post(
            url(alice, "integration_edit", integration_id=integration.pk),
            {"account_base_url": "https://jambonz.example.com/v1", "account_token": "better"},
        )
        assert answer.status_code == 302
        integration.refresh_from_db()
        assert integration.candidate_account()["token"] == "better"
        assert factories.find_open_operation("integration", integration.pk)

    def test_its_check_cannot_be_asked_for_without_credentials(self, alice, refused):
        client, integration = refused
        address = url(alice, "integration_check", integration_id=integration.pk)
        assert "no credentials to check" in client.post(address, follow=True).text


class TestChanging:
    def test_a_name_and_a_pace_change_at_once(self, alice, browse, second):
        answer = browse(alice).post(
            url(alice, "integration_edit", integration_id=second.pk),
            {"name": "Renamed", "max_in_flight": "3", "account_access_code": ""},
        )
        assert answer.status_code == 302
        second.refresh_from_db()
        assert (second.name, second.max_in_flight) == ("Renamed", 3)
        assert factories.find_open_operation("integration", second.pk) is None

    def test_a_name_that_is_taken_is_said_beside_it(self, alice, browse, second):
        answer = browse(alice).post(
            url(alice, "integration_edit", integration_id=second.pk),
            {"name": "Sandbox", "max_in_flight": "3"},
        )
        assert answer.status_code == 422
        assert "name" in answer.context["form"].errors

    def test_empty_secrets_stay(self, alice, browse, second):
        address = url(alice, "integration_credentials", integration_id=second.pk)
        answer = browse(alice).post(address, {"account_access_code": ""})
        assert answer.status_code == 422
        assert "Nothing was filled in" in answer.text

    def test_new_secrets_count_once_they_are_accepted(self, alice, browse, second):
        address = url(alice, "integration_credentials", integration_id=second.pk)
        client = browse(alice)
        page = client.post(address, {"account_access_code": "rotated"}, follow=True)
        assert "New credentials are being checked" in page.text
        second.refresh_from_db()
        assert second.account() == {}
        check(second)
        assert second.account() == {"access_code": "rotated"}

    def test_refused_ones_leave_the_present_in_use_and_say_why(self, alice, browse, second):
        client = browse(alice)
        address = url(alice, "integration_credentials", integration_id=second.pk)
        client.post(address, {"account_access_code": "wrong"})
        check(second)
        assert second.state == "connected"
        page = client.get(url(alice, "integration", integration_id=second.pk)).text
        assert "New credentials were refused, the earlier ones stay in use" in page


@pytest.mark.parametrize("name", ["integration_edit", "integration_credentials"])
def test_a_viewer_changes_nothing(alice, carol, browse, second, name):
    address = url(alice, name, integration_id=second.pk)
    assert browse(carol).get(address).status_code == 403
    assert browse(carol).post(address, {"name": "Mine"}).status_code == 403
    second.refresh_from_db()
    assert second.name == "Second"


def test_another_organization_s_is_not_found(alice, mallory, browse, second):
    address = url(mallory, "integration_edit", integration_id=second.pk)
    assert browse(mallory).get(address).status_code == 404
