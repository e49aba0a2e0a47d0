from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class NumbersConfig(AppConfig):
    name = "numbers"
    verbose_name = gettext_lazy("Numbers")

    def ready(self) -> None:
        from integrations import chores, sealing, slots, subjects
        from numbers.batching import bell, selecting
        from numbers.provisioning import PlacementSubject
        from numbers.screens.batch_report import ReportExport
        from numbers.screens.export import NumbersExport
        from numbers.screens.filters import listed
        from numbers.screens.places import addresses_of_placements
        from organizations.exporting import kinds

        subjects.register("placement", PlacementSubject())
        subjects.screens["placement"] = addresses_of_placements
        kinds.register("numbers", NumbersExport())
        kinds.register("batch_report", ReportExport())
        chores.register("batches", bell.CHORE)
        selecting.register(listed)
        slots.register("batches", bell.QUEUE.held_slots)
        sealing.columns.append(("numbers.Placement", "sealed"))
