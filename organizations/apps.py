from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = gettext_lazy("Organizations")

    def ready(self) -> None:
        from organizations.access import quotas
        from organizations.accounts import (
            email_verification,  # noqa: F401  hears of reset passwords
        )
        from organizations.accounts.invitations import INVITATION_QUOTA
        from organizations.accounts.sign_in import (
            account_events,  # noqa: F401  hears of all that people do with their accounts
            reauthentication,  # noqa: F401  of sign-ins
            sessions,  # noqa: F401  of sign-ins, and of what ends the other sessions
        )
        from organizations.exports import export_kinds
        from organizations.views.events_export import EventsExport
        from organizations.web import (
            path_converters,  # noqa: F401  registers <UUID:…>
            system_checks,  # noqa: F401  registers the system checks
        )

        export_kinds.register_export_kind("audit_log", EventsExport())
        quotas.register_quota(INVITATION_QUOTA)
