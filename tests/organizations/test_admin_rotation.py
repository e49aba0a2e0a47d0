"""Rotating an API key in the admin: shown once, by whom, and by whom not."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from organizations.models import User
from tests.conftest import ApiClient
from tests.support.admin_site import admin_change_url, admin_form_errors, admin_url, response_text

pytestmark = pytest.mark.django_db


def test_rotating_shows_the_successor_once_and_both_work(alice, staff, api):
    rotate = admin_url("organizations_apikey_rotate", alice.key.pk)
    assert rotate in response_text(staff.get(admin_change_url(alice.key)))
    page = staff.post(rotate, {"overlap": "1"})
    text = page.context["text"]
    assert response_text(page).count(text.full) == 1
    assert "no-store" in page.headers["Cache-Control"]
    for key in (alice.key_text, text.full):
        assert ApiClient(key).get("/v1/phone-numbers").status_code == 200
    alice.key.refresh_from_db()
    assert timedelta() < alice.key.expires_at - timezone.now() <= timedelta(hours=1)
    assert text.secret not in response_text(staff.get(admin_change_url(alice.key.successor)))
    event = alice.organization.events.get(action="api_key.rotated")
    assert (event.actor_kind, event.after["successor"]) == ("staff", str(alice.key.successor))


def test_one_is_rotated_once_and_only_while_it_works(alice, staff):
    rotate = admin_url("organizations_apikey_rotate", alice.key.pk)
    staff.post(rotate, {"overlap": "24"})
    page = staff.post(rotate, {"overlap": "24"})
    assert "was rotated already" in response_text(page)
    assert rotate not in response_text(staff.get(admin_change_url(alice.key)))
    assert alice.organization.api_keys.count() == 2
    for wrong in ({}, {"overlap": "-1"}, {"overlap": "10000"}):
        assert "overlap" in admin_form_errors(staff.post(rotate, wrong))
    assert staff.get(admin_url("organizations_apikey_rotate", alice.user.pk)).status_code == 404


@pytest.mark.parametrize("missing", ["add_apikey", "delete_apikey"])
def test_who_may_not_make_or_end_one_does_not_rotate(alice, missing):
    operator = User.objects.create_user("desk@example.com", "staple of horses", is_staff=True)
    names = {"view_apikey", "add_apikey", "delete_apikey"} - {missing}
    operator.user_permissions.set(Permission.objects.filter(codename__in=names))
    browser = Client()
    browser.force_login(operator, "django.contrib.auth.backends.ModelBackend")
    rotate = admin_url("organizations_apikey_rotate", alice.key.pk)
    assert rotate not in response_text(browser.get(admin_change_url(alice.key)))
    assert browser.get(rotate).status_code == 403
    assert browser.post(rotate, {"overlap": "24"}).status_code == 403
    assert alice.organization.api_keys.count() == 1
