"""The navigation of the screens: the side bar and the entries of the command palette."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from organizations.access.roles import Permission
from organizations.web.views.base import screen_url


@dataclass(frozen=True)
class NavigationItem:
    """One entry. `screens` are the URL names that highlight it; the first is its link."""

    title: Any
    icon: str
    permission: Permission
    screens: tuple[str, ...]


NUMBERS, PLATFORMS = _("Numbers"), _("Platforms")
ORGANIZATION = _("Organization")
PORTAL_NAVIGATION = {
    "": [NavigationItem(_("Dashboard"), "home", Permission.PHONE_NUMBERS_READ, ("dashboard",))],
    NUMBERS: [
        NavigationItem(
            _("Phone numbers"), "phone", Permission.PHONE_NUMBERS_READ, ("numbers", "number")
        ),
        NavigationItem(_("Add numbers"), "plus", Permission.PHONE_NUMBERS_CREATE, ("add",)),
        NavigationItem(
            _("Imports and changes"), "stack", Permission.PHONE_NUMBERS_READ, ("batches", "batch")
        ),
        NavigationItem(
            _("Exports"), "download", Permission.ORGANIZATION_READ, ("exports", "export")
        ),
        NavigationItem(_("Agents"), "headset", Permission.AGENTS_READ, ("agents", "agent")),
        NavigationItem(
            _("Carriers"), "tower", Permission.PHONE_NUMBERS_READ, ("carriers", "carrier")
        ),
    ],
    PLATFORMS: [
        NavigationItem(
            _("Integrations"), "plug", Permission.INTEGRATIONS_READ, ("integrations", "integration")
        ),
        NavigationItem(
            _("Operations"), "pulse", Permission.INTEGRATIONS_READ, ("operations", "operation")
        ),
    ],
    ORGANIZATION: [
        NavigationItem(_("Members"), "people", Permission.MEMBERS_READ, ("members",)),
        NavigationItem(_("API keys"), "key", Permission.API_KEYS_READ, ("api_keys",)),
        NavigationItem(_("Audit log"), "clock", Permission.EVENTS_READ, ("events", "event")),
        NavigationItem(_("Settings"), "gear", Permission.ORGANIZATION_READ, ("organization",)),
    ],
}


def portal_navigation_context(request: HttpRequest) -> dict[str, Any]:
    """Returns the navigation for all templates, with the entries that the reader has permission
    for. Empty outside an organization."""
    principal = getattr(request, "principal", None)
    if principal is None or not request.user.is_authenticated:
        return {}
    here = request.resolver_match.url_name if request.resolver_match else ""
    ways = [
        (
            heading,
            [
                portal_navigation_item(principal, way, here)
                for way in ways
                if principal.can(way.permission)
            ],
        )
        for heading, ways in PORTAL_NAVIGATION.items()
    ]
    return {"in_admin": matching_admin_url(request), "navigation": ways}


def portal_navigation_item(principal: Any, way: NavigationItem, here: str) -> dict[str, Any]:
    url = screen_url(principal.organization, way.screens[0])
    lit = here in way.screens or here.startswith(tuple(f"{name}_" for name in way.screens))
    return {"title": way.title, "icon": way.icon, "url": url, "is_here": lit}


# For each screen, the admin's model and the URL argument with the row's id.
ADMIN_PAGES = {
    "number": ("numbers_phonenumber", "number_id"),
    "carrier": ("carriers_carrier", "carrier_id"),
    "integration": ("integrations_integration", "integration_id"),
    "operation": ("integrations_operation", "operation_id"),
    "agent": ("numbers_agent", "agent_id"),
    "batch": ("numbers_batch", "batch_id"),
}


def matching_admin_url(request: HttpRequest) -> str:
    """Returns the admin URL of the same row, or of the organization, for operators with permission;
    "" for everyone else."""
    if not request.user.is_staff or not request.resolver_match:
        return ""
    found = ADMIN_PAGES.get(request.resolver_match.url_name)
    if found is None:
        page = "organizations_organization"
        row = request.principal.organization.pk
    else:
        page, row = found[0], request.resolver_match.kwargs.get(found[1])
    model = page.replace("_", ".view_", 1)
    return reverse(f"admin:{page}_change", args=[row]) if request.user.has_perm(model) else ""
