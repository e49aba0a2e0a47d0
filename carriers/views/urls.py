"""URLs of the screens, below /o/<organization>/."""

from django.urls import URLPattern, path

from carriers.views.carrier_detail import (
    CarrierDefaultScreen,
    CarrierDeleteScreen,
    CarrierRetryScreen,
    CarrierScreen,
)
from carriers.views.carrier_edit import CarrierAddScreen, CarrierEditScreen
from carriers.views.carrier_list import CarriersScreen
from carriers.views.gateways import GatewayAddScreen, GatewayRemoveScreen, GatewayScreen

ONE = "carriers/<UUID:carrier_id>/"
GATEWAY = f"{ONE}gateways/<UUID:gateway_id>/"
screens: list[URLPattern] = [
    path("carriers/", CarriersScreen.as_view(), name="carriers"),
    path("carriers/add/", CarrierAddScreen.as_view(), name="carriers_add"),
    path(ONE, CarrierScreen.as_view(), name="carrier"),
    path(f"{ONE}edit/", CarrierEditScreen.as_view(), name="carrier_edit"),
    path(f"{ONE}retry/", CarrierRetryScreen.as_view(), name="carrier_retry"),
    path(f"{ONE}default/", CarrierDefaultScreen.as_view(), name="carrier_default"),
    path(f"{ONE}delete/", CarrierDeleteScreen.as_view(), name="carrier_delete"),
    path(f"{ONE}gateways/add/", GatewayAddScreen.as_view(), name="carrier_gateway_add"),
    path(GATEWAY, GatewayScreen.as_view(), name="carrier_gateway"),
    path(f"{GATEWAY}remove/", GatewayRemoveScreen.as_view(), name="carrier_gateway_remove"),
]
