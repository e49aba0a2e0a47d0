from django.apps import AppConfig


class CarriersConfig(AppConfig):
    name = "carriers"

    def ready(self) -> None:
        from carriers.provisioning import CarrierSubject
        from integrations import subjects

        subjects.register("carrier", CarrierSubject())
