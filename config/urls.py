"""All URLs, app by app."""

from django.contrib import admin
from django.urls import include, path

from carriers.views.urls import screens as carrier_screens
from config.web.health import healthz, readyz
from integrations.views.urls import screens as integration_screens
from numbers.views.urls import screens as number_screens
from organizations.views.home import home, save_preferences
from organizations.views.invitation import invitation_page
from organizations.views.organization import create_organization_page
from organizations.views.urls import screens as organization_screens
from organizations.web.api.error_handlers import (
    handler400,
    handler403,
    handler404,
    handler429,
    handler500,
)

__all__ = ["handler400", "handler403", "handler404", "handler429", "handler500", "urlpatterns"]

admin.autodiscover()

# The screens of an organization, in one namespace over all apps.
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
    path("preferences", save_preferences, name="preferences"),
    path("invitations/<str:token>/", invitation_page, name="invitation"),
    path("organizations/new", create_organization_page, name="organization_new"),
    path("accounts/", include("organizations.accounts.sign_in.urls")),
    path("o/<str:org_id>/", include((screens, "screens"))),
    path("v1/", include("organizations.api.urls")),
    path("v1/", include("integrations.api.urls")),
    path("v1/", include("carriers.api.urls")),
    path("v1/", include("numbers.api.urls")),
    path("v1/", include("numbers.dialects.documents")),
    path("api/", include("numbers.dialects.paths")),
    path("admin/", admin.site.urls),
]
