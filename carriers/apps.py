from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class CarriersConfig(AppConfig):
    name = "carriers"
    verbose_name = gettext_lazy("Carriers")

    def ready(self) -> None:
        from carriers import row_policies
        from carriers.provisioning import CarrierSubject
        from carriers.screens.places import addresses_of_carriers
        from integrations import sealing, subjects

        row_policies.register_policies()
        subjects.register("carrier", CarrierSubject())
        subjects.screens["carrier"] = addresses_of_carriers
        sealing.columns.append(("carriers.Carrier", "sealed"))
