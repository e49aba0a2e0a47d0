from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Platforms")

    def ready(self) -> None:
        from integrations import chores, exporting, sealing, slots, subjects
        from integrations.provisioning import IntegrationSubject

        subjects.register("integration", IntegrationSubject())
        chores.register("exports", exporting.CHORE)
        slots.register("exports", exporting.QUEUE.held_slots)
        sealing.columns += [
            ("integrations.Integration", "sealed"),
            ("integrations.Integration", "candidate"),
        ]
