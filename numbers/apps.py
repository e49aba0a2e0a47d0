from django.apps import AppConfig


class NumbersConfig(AppConfig):
    name = "numbers"

    def ready(self) -> None:
        from integrations import sealing, subjects
        from numbers.provisioning import PlacementSubject

        subjects.register("placement", PlacementSubject())
        sealing.columns.append(("numbers.Placement", "sealed"))
