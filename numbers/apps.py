from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


def held(organization) -> int:
    """Those that are on their way out too: they are held until they are gone."""
    return organization.phone_numbers.filter(released_at=None).count()


class NumbersConfig(AppConfig):
    name = "numbers"
    verbose_name = _("Numbers")

    def ready(self) -> None:
        from integrations import chores, sealing, slots, subjects
        from integrations.api import answers
        from numbers import expiry, pools, row_policies
        from numbers.batches import QUOTAS
        from numbers.batching import bell, selecting
        from numbers.counting import bell as counts
        from numbers.provisioning import PlacementSubject
        from numbers.screens.batch_report import ReportExport
        from numbers.screens.export import NumbersExport
        from numbers.screens.filters import listed
        from numbers.screens.places import addresses_of_placements
        from organizations import quotas
        from organizations.exporting import kinds

        row_policies.register_policies()
        subjects.register("placement", PlacementSubject())
        for quota in (*QUOTAS, quotas.Quota("numbers", _("numbers"), 1_000_000, held)):
            quotas.register(quota)
        answers.may_buy.append(pools.may_buy)
        subjects.screens["placement"] = addresses_of_placements
        kinds.register("numbers", NumbersExport())
        kinds.register("batch_report", ReportExport())
        chores.register("batches", bell.CHORE)
        chores.register("figures", counts.CHORE)
        expiry.register()
        selecting.register(listed)
        slots.register("batches", bell.QUEUE.held_slots)
        slots.register("figures", counts.QUEUE.held_slots)
        sealing.columns.append(("numbers.Placement", "sealed"))
