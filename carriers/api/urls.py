from django.urls import path

from carriers.api import carriers

urlpatterns = [
    path("phone-numbers/carriers", carriers.CarriersView.as_view(), name="carriers"),
    path(
        "phone-numbers/carriers/<UUID:carrier_id>", carriers.CarrierView.as_view(), name="carrier"
    ),
    path(
        "phone-numbers/carriers/<UUID:carrier_id>/retry",
        carriers.CarrierRetryView.as_view(),
        name="carrier-retry",
    ),
]
