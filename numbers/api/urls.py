from django.urls import path

from numbers.api import v1

urlpatterns = [
    path("phone-numbers", v1.NumbersView.as_view(), name="numbers"),
    path("phone-numbers/<uuid:number_id>", v1.NumberView.as_view(), name="number"),
    path("phone-numbers/<uuid:number_id>/retry", v1.RetryView.as_view(), name="number-retry"),
    path(
        "phone-numbers/<uuid:number_id>/operations",
        v1.OperationsView.as_view(),
        name="number-operations",
    ),
]
