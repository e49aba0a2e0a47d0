from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class CarriersConfig(AppConfig):
    name = "carriers"
    verbose_name = gettext_lazy("Carriers")

    def ready(self) -> None:
        from carriers import row_level_security
        from carriers.provisioning import CarrierSubject
        from carriers.views.subject_urls import addresses_of_carriers
        from integrations.connections import encryption
        from integrations.ledger import reconcilers

        row_level_security.register_policies()
        reconcilers.register("carrier", CarrierSubject())
        reconcilers.screens["carrier"] = addresses_of_carriers
        encryption.columns.append(("carriers.Carrier", "sealed"))
