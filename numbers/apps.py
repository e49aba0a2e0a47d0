from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


def count_unreleased_numbers(organization) -> int:
    """Returns how many numbers the organization has, counting those whose removal is pending: they
    stay reserved until the platforms have removed them."""
    return organization.phone_numbers.filter(released_at=None).count()


class NumbersConfig(AppConfig):
    name = "numbers"
    verbose_name = _("Numbers")

    def ready(self) -> None:
        from integrations.connections import encryption
        from integrations.ledger import fair_share, job_sources, reconcilers
        from integrations.web import query_results
        from numbers import row_level_security
        from numbers.bulk import schedule, selection
        from numbers.bulk.jobs import QUOTAS
        from numbers.counts import count_schedule as counts
        from numbers.inventory import pool_rules, retention_rules
        from numbers.inventory.provisioning import PlacementReconciler
        from numbers.views.bulk.report import ReportExport
        from numbers.views.listing.export import NumbersExport
        from numbers.views.listing.filters import numbers_matching_query
        from numbers.views.subject_urls import placement_urls
        from organizations.access import quotas
        from organizations.exports import export_kinds

        row_level_security.register_number_row_policies()
        reconcilers.register_reconciler("placement", PlacementReconciler())
        for quota in (
            *QUOTAS,
            quotas.Quota("numbers", _("numbers"), 1_000_000, count_unreleased_numbers),
        ):
            quotas.register_quota(quota)
        query_results.purchase_filters.append(pool_rules.filter_numbers_by_pools)
        reconcilers.subject_url_finders["placement"] = placement_urls
        export_kinds.register_export_kind("numbers", NumbersExport())
        export_kinds.register_export_kind("batch_report", ReportExport())
        job_sources.register_job_source("batches", schedule.BULK_JOB_SOURCE)
        job_sources.register_job_source("figures", counts.METRIC_COUNT_JOB_SOURCE)
        retention_rules.register_number_retention_rules()
        selection.register_number_matcher(numbers_matching_query)
        fair_share.register_slot_counter("batches", schedule.BULK_JOB_QUEUE.held_slots)
        fair_share.register_slot_counter("figures", counts.METRIC_COUNT_QUEUE.held_slots)
        encryption.encrypted_columns.append(("numbers.Placement", "sealed"))
