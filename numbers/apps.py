from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


def held(organization) -> int:
    """Those that are on their way out too: they are held until they are gone."""
    return organization.phone_numbers.filter(released_at=None).count()


class NumbersConfig(AppConfig):
    name = "numbers"
    verbose_name = _("Numbers")

    def ready(self) -> None:
        from integrations.api import query_results
        from integrations.connections import encryption
        from integrations.ledger import fair_share, job_sources, reconcilers
        from numbers import row_level_security
        from numbers.bulk import schedule, selection
        from numbers.bulk.jobs import QUOTAS
        from numbers.counts import count_schedule as counts
        from numbers.inventory import pool_rules, retention_rules
        from numbers.inventory.provisioning import PlacementSubject
        from numbers.views.bulk.report import ReportExport
        from numbers.views.listing.export import NumbersExport
        from numbers.views.listing.filters import listed
        from numbers.views.subject_urls import addresses_of_placements
        from organizations.access import quotas
        from organizations.exports import export_kinds

        row_level_security.register_policies()
        reconcilers.register("placement", PlacementSubject())
        for quota in (*QUOTAS, quotas.Quota("numbers", _("numbers"), 1_000_000, held)):
            quotas.register(quota)
        query_results.may_buy.append(pool_rules.may_buy)
        reconcilers.screens["placement"] = addresses_of_placements
        export_kinds.register("numbers", NumbersExport())
        export_kinds.register("batch_report", ReportExport())
        job_sources.register("batches", schedule.CHORE)
        job_sources.register("figures", counts.CHORE)
        retention_rules.register()
        selection.register(listed)
        fair_share.register("batches", schedule.QUEUE.held_slots)
        fair_share.register("figures", counts.QUEUE.held_slots)
        encryption.columns.append(("numbers.Placement", "sealed"))
