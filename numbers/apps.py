from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class NumbersConfig(AppConfig):
    name = "numbers"
    verbose_name = gettext_lazy("Numbers")

    def ready(self) -> None:
        from integrations import chores, sealing, slots, subjects
        from numbers.batching import bell
        from numbers.provisioning import PlacementSubject
        from numbers.screens.places import addresses_of_placements

        subjects.register("placement", PlacementSubject())
        subjects.screens["placement"] = addresses_of_placements
        chores.register("batches", bell.CHORE)
        slots.register("batches", bell.held_slots)
        sealing.columns.append(("numbers.Placement", "sealed"))
