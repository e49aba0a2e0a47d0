"""The theme and the navigation of the admin (django-unfold)."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


def admin_navigation_item(title: Any, icon: str, model: str) -> dict[str, Any]:
    """Returns a navigation entry for the list of `app.model`, shown to those with permission to
    view it."""
    app, name = model.split(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{name}"),
    }


NAVIGATION = [
    {
        "items": [
            {"title": _("Overview"), "icon": "dashboard", "link": reverse_lazy("admin:index")},
        ]
    },
    {
        "title": _("Numbers"),
        "items": [
            admin_navigation_item(_("Phone numbers"), "call", "numbers.phonenumber"),
            admin_navigation_item(_("Carriers"), "cell_tower", "carriers.carrier"),
            admin_navigation_item(_("Number pools"), "fence", "numbers.numberpool"),
            admin_navigation_item(_("Agents"), "support_agent", "numbers.agent"),
            admin_navigation_item(_("Batches"), "stacks", "numbers.batch"),
            admin_navigation_item(_("Batch rows"), "table_rows", "numbers.batchrow"),
        ],
    },
    {
        "title": _("Platforms"),
        "items": [
            admin_navigation_item(_("Integrations"), "hub", "integrations.integration"),
            admin_navigation_item(_("Defaults"), "star", "integrations.defaultintegration"),
            admin_navigation_item(_("Operations"), "receipt_long", "integrations.operation"),
            admin_navigation_item(_("Platform calls"), "swap_horiz", "integrations.providercall"),
            admin_navigation_item(_("Sandbox objects"), "science", "integrations.sandboxobject"),
        ],
    },
    {
        "title": _("Organizations"),
        "items": [
            admin_navigation_item(_("Organizations"), "apartment", "organizations.organization"),
            admin_navigation_item(_("Memberships"), "badge", "organizations.membership"),
            admin_navigation_item(_("Invitations"), "mail", "organizations.invitation"),
            admin_navigation_item(_("API keys"), "key", "organizations.apikey"),
            admin_navigation_item(_("Audit log"), "history", "organizations.event"),
            admin_navigation_item(_("Saved replies"), "inventory_2", "organizations.savedreply"),
        ],
    },
    {
        "title": _("This installation"),
        "items": [
            admin_navigation_item(_("Users"), "person", "organizations.user"),
            admin_navigation_item(_("Groups"), "groups", "auth.group"),
        ],
    },
]

# A blue whose shade 600 has a contrast above 5:1 with white text.
PRIMARY_COLORS = {
    "50": "oklch(97% .014 254.604)",
    "100": "oklch(93.2% .032 255.585)",
    "200": "oklch(88.2% .059 254.128)",
    "300": "oklch(80.9% .105 251.813)",
    "400": "oklch(70.7% .165 254.624)",
    "500": "oklch(62.3% .214 259.815)",
    "600": "oklch(54.6% .245 262.881)",
    "700": "oklch(48.8% .243 264.376)",
    "800": "oklch(42.4% .199 265.638)",
    "900": "oklch(37.9% .146 265.522)",
    "950": "oklch(28.2% .091 267.935)",
}

UNFOLD = {
    "SITE_TITLE": "Patchbay",
    "SITE_HEADER": "Patchbay",
    "SITE_SUBHEADER": _("Operators"),
    "SITE_SYMBOL": "settings_input_component",
    "SITE_URL": None,
    "SHOW_BACK_BUTTON": True,
    "COLORS": {"primary": PRIMARY_COLORS},
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("admin/favicon.svg"),
        }
    ],
    "STYLES": [
        lambda request: static("admin/patchbay.css"),
        lambda request: static("plots.css"),
    ],
    "DASHBOARD_CALLBACK": "config.admin_site.front_page.build_admin_overview",
    "SIDEBAR": {"show_search": True, "navigation": NAVIGATION},
}
