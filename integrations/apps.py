from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Platforms")

    def ready(self) -> None:
        from integrations import sealing, subjects
        from integrations.provisioning import IntegrationSubject

        subjects.register("integration", IntegrationSubject())
        sealing.columns += [
            ("integrations.Integration", "sealed"),
            ("integrations.Integration", "candidate"),
        ]
