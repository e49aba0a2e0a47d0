from django.apps import AppConfig


class NumbersConfig(AppConfig):
    name = "numbers"

    def ready(self) -> None:
        from integrations import subjects
        from numbers.provisioning import PlacementSubject

        subjects.register("placement", PlacementSubject())
