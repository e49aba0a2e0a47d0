from django.apps import AppConfig


class NumbersConfig(AppConfig):
    name = "numbers"

    def ready(self) -> None:
        from integrations import chores, sealing, subjects
        from numbers.batching.bell import CHORE
        from numbers.provisioning import PlacementSubject
        from numbers.screens.places import addresses_of_placements

        subjects.register("placement", PlacementSubject())
        subjects.screens["placement"] = addresses_of_placements
        chores.register("batches", CHORE)
        sealing.columns.append(("numbers.Placement", "sealed"))
