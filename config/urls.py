"""Every address, app by app."""

from django.contrib import admin
from django.urls import include, path

from carriers.screens.urls import screens as carrier_screens
from config.health import healthz, readyz
from integrations.screens.urls import screens as integration_screens
from numbers.screens.urls import screens as number_screens
from organizations.api.errors import handler400, handler403, handler404, handler429, handler500
from organizations.screens.home import home, preferences
from organizations.screens.invitation import invitation
from organizations.screens.organization import new_organization
from organizations.screens.urls import screens as organization_screens

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]

admin.autodiscover()

# The screens of an organization, one name space over all apps.
screens = [
    *organization_screens,
    *integration_screens,
    *carrier_screens,
    *number_screens,
]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", home, name="home"),
    path("preferences", preferences, name="preferences"),
    path("invitations/<str:token>/", invitation, name="invitation"),
    path("organizations/new", new_organization, name="organization_new"),
    path("accounts/", include("organizations.entering.urls")),
    path("o/<str:org_id>/", include((screens, "screens"))),
    path("v1/", include("organizations.api.urls")),
    path("v1/", include("integrations.api.urls")),
    path("v1/", include("carriers.api.urls")),
    path("v1/", include("numbers.api.urls")),
    path("v1/", include("numbers.api.schemas")),
    path("api/", include("numbers.api.dialects")),
    path("admin/", admin.site.urls),
]
