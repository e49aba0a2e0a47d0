from django.apps import AppConfig


class CarriersConfig(AppConfig):
    name = "carriers"

    def ready(self) -> None:
        from carriers.provisioning import CarrierSubject
        from integrations import sealing, subjects

        subjects.register("carrier", CarrierSubject())
        sealing.columns.append(("carriers.Carrier", "sealed"))
