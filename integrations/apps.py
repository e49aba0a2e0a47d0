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
        from integrations.ledger.platform_queries import QUERY_QUOTA
        from integrations.ledger.worker import IntegrationReconciler
        from integrations.retention import cleanup, ledger_rules
        from organizations.access import quotas

        reconcilers.register_reconciler("integration", IntegrationReconciler())
        job_sources.register_job_source("exports", export_jobs.EXPORT_JOB_SOURCE)
        job_sources.register_job_source("retention", cleanup.CLEANUP_JOB_SOURCE)
        ledger_rules.register_ledger_cleanup()
        fair_share.register_slot_counter("exports", export_jobs.EXPORT_QUEUE.held_slots)
        quotas.register_quota(QUERY_QUOTA)
        quotas.register_quota(
            quotas.Quota(
                "integrations", _("integrations"), 100, lambda owner: owner.integrations.count()
            )
        )
        post_migrate.connect(key_proof.create_key_proof, sender=self)
        encryption.encrypted_columns += [
            ("integrations.Integration", "sealed"),
            ("integrations.Integration", "candidate"),
        ]
