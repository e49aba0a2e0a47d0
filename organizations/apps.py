from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = gettext_lazy("Organizations")

    def ready(self) -> None:
        from organizations import (
            checks,  # noqa: F401  registers the system checks
            paths,  # noqa: F401  registers <UUID:…>
            quotas,
        )
        from organizations.entering import (
            log,  # noqa: F401  hears of all that people do with their accounts
            ownership,  # noqa: F401  of reset passwords
            proof,  # noqa: F401  of sign-ins
            sessions,  # noqa: F401  of sign-ins, and of what ends the other sessions
        )
        from organizations.exporting import kinds
        from organizations.invitations import QUOTA
        from organizations.screens.events_export import EventsExport

        kinds.register("audit_log", EventsExport())
        quotas.register(QUOTA)
