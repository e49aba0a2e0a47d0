from django.apps import AppConfig
from django.utils.translation import gettext_lazy


class CarriersConfig(AppConfig):
    name = "carriers"
    verbose_name = gettext_lazy("Carriers")

    def ready(self) -> None:
        from carriers import row_level_security
        from carriers.provisioning import CarrierReconciler
        from carriers.views.subject_urls import carrier_urls
        from integrations.connections import encryption
        from integrations.ledger import reconcilers

        row_level_security.register_carrier_policies()
        reconcilers.register_reconciler("carrier", CarrierReconciler())
        reconcilers.subject_url_finders["carrier"] = carrier_urls
        encryption.encrypted_columns.append(("carriers.Carrier", "sealed"))
