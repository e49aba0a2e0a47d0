"""The app configuration of the Django admin, loaded only by processes that serve the admin."""

from django.contrib.admin import autodiscover
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks


class PatchbayAdminConfig(SimpleAdminConfig):
    """Does not discover admin pages; config/urls.py imports those of all apps. Dispatcher and
    worker never do, because the forms and packages of the pages would cost each a tenth of its
    memory."""

    default = False

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(check_admin_pages, checks.Tags.admin)


def check_admin_pages(app_configs, **kwargs) -> list[checks.CheckMessage]:
    autodiscover()
    return check_admin_app(app_configs, **kwargs)
