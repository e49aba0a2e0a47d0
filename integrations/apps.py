from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Platforms")

    def ready(self) -> None:
        from integrations import export_jobs
        from integrations.connections import encryption, key_proof
        from integrations.ledger import fair_share, job_sources, reconcilers
        from integrations.ledger.platform_queries import QUERIES
        from integrations.ledger.worker import IntegrationSubject
        from integrations.retention import cleanup, ledger_rules
        from organizations.access import quotas

        reconcilers.register("integration", IntegrationSubject())
        job_sources.register("exports", export_jobs.CHORE)
        job_sources.register("retention", cleanup.CHORE)
        ledger_rules.register()
        fair_share.register("exports", export_jobs.QUEUE.held_slots)
        quotas.register(QUERIES)
        quotas.register(
            quotas.Quota(
                "integrations", _("integrations"), 100, lambda owner: owner.integrations.count()
            )
        )
        post_migrate.connect(key_proof.make, sender=self)
        encryption.columns += [
            ("integrations.Integration", "sealed"),
            ("integrations.Integration", "candidate"),
        ]
