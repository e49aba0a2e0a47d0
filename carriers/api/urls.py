from django.urls import path

from carriers.api import v1

urlpatterns = [
    path("phone-numbers/carriers", v1.CarriersView.as_view(), name="carriers"),
    path("phone-numbers/carriers/<UUID:carrier_id>", v1.CarrierView.as_view(), name="carrier"),
    path(
        "phone-numbers/carriers/<UUID:carrier_id>/retry",
        v1.CarrierRetryView.as_view(),
        name="carrier-retry",
    ),
]
