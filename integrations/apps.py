from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Platforms")

    def ready(self) -> None:
        from integrations import chores, sealing, subjects
        from integrations.exporting import CHORE
        from integrations.provisioning import IntegrationSubject

        subjects.register("integration", IntegrationSubject())
        chores.register("exports", CHORE)
        sealing.columns += [
            ("integrations.Integration", "sealed"),
            ("integrations.Integration", "candidate"),
        ]
