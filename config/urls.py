"""Every address, app by app."""

from django.contrib import admin
from django.urls import include, path

from config.health import healthz
from organizations.api.errors import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("v1/", include("organizations.api.urls")),
    path("v1/", include("integrations.api.urls")),
    path("v1/", include("carriers.api.urls")),
    path("v1/", include("numbers.api.urls")),
    path("v1/", include("numbers.api.schemas")),
    path("api/", include("numbers.api.dialects")),
    path("admin/", admin.site.urls),
]
