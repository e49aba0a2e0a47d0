from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Platforms")

    def ready(self) -> None:
        from integrations import sealing, subjects
        from integrations.provisioning import IntegrationSubject
        from integrations.questions import QUERIES
        from organizations import quotas

        subjects.register("integration", IntegrationSubject())
        quotas.register(QUERIES)
        quotas.register(
            quotas.Quota(
                "integrations", _("integrations"), 100, lambda owner: owner.integrations.count()
            )
        )
        sealing.columns += [
            ("integrations.Integration", "sealed"),
            ("integrations.Integration", "candidate"),
        ]
