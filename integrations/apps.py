from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Platforms")

    def ready(self) -> None:
        from integrations import (
            chores,
            expiry,
            exporting,
            key_proof,
            retention,
            sealing,
            slots,
            subjects,
        )
        from integrations.provisioning import IntegrationSubject
        from integrations.questions import QUERIES
        from organizations import quotas

        subjects.register("integration", IntegrationSubject())
        chores.register("exports", exporting.CHORE)
        chores.register("retention", retention.CHORE)
        expiry.register()
        slots.register("exports", exporting.QUEUE.held_slots)
        quotas.register(QUERIES)
        quotas.register(
            quotas.Quota(
                "integrations", _("integrations"), 100, lambda owner: owner.integrations.count()
            )
        )
        post_migrate.connect(key_proof.make, sender=self)
        sealing.columns += [
            ("integrations.Integration", "sealed"),
            ("integrations.Integration", "candidate"),
        ]
