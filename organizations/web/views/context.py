"""Context of every template: the reader, their permissions and their preferences."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.accounts.memberships import list_user_memberships
from organizations.models import User
from organizations.web.cookies import THEME_COOKIE, THEMES, ZONE_COOKIE, selected_theme

__all__ = [
    "THEMES",
    "THEME_COOKIE",
    "ZONE_COOKIE",
    "TemplatePermissions",
    "can_create_organization",
    "portal_context",
]


class TemplatePermissions:
    """Permissions in templates: `{% if may.phone_numbers_create %}` takes a permission's name with
    an underscore for its colon. No button is shown to somebody who may not use it. A test fails on
    misspelt names (tests/organizations/test_views.py)."""

    def __init__(self, principal: Principal):
        self.principal = principal

    def __getitem__(self, name: str) -> bool:
        return self.principal.can(Permission[name.upper()])

    def __iter__(self) -> Iterator[str]:
        return (p.name.lower() for p in Permission if self.principal.can(p))


def can_create_organization(user: User) -> bool:
    """Returns whether the user may create an organization: operators always, others if
    PATCHBAY_OPEN_ORGANIZATIONS allows it."""
    return user.is_staff or settings.OPEN_ORGANIZATIONS


def portal_context(request: HttpRequest) -> dict[str, Any]:
    """Returns the theme and, inside an organization, its name and the reader's permissions
    there."""
    context: dict[str, Any] = {"theme": selected_theme(request)}
    principal = getattr(request, "principal", None)
    if principal and request.user.is_authenticated:
        context |= {"organization": principal.organization, "principal": principal}
        context |= {
            "org_id": principal.organization.public_id,
            "may": TemplatePermissions(principal),
        }
        context["memberships"] = SimpleLazyObject(partial(list_user_memberships, request.user))
        context["may_found"] = can_create_organization(request.user)
    return context
