from django.apps import AppConfig


class CarriersConfig(AppConfig):
    name = "carriers"

    def ready(self) -> None:
        from carriers.provisioning import CarrierSubject
        from carriers.screens.places import addresses_of_carriers
        from integrations import sealing, subjects

        subjects.register("carrier", CarrierSubject())
        subjects.screens["carrier"] = addresses_of_carriers
        sealing.columns.append(("carriers.Carrier", "sealed"))
