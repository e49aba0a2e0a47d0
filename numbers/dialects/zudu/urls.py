"""URLs of Zudu's dialect, below /api/."""

from django.urls import path

from numbers.dialects.zudu import acquisition, lists, phone_numbers, trunks

urlpatterns = [
    path("phone-numbers", lists.NumbersView.as_view(), name="zudu-numbers"),
    path("phone-numbers/create", phone_numbers.CreateView.as_view(), name="zudu-create"),
    path("phone-numbers/list", lists.ListView.as_view(), name="zudu-list"),
    path("phone-numbers/available", lists.AvailableView.as_view(), name="zudu-available"),
    path("phone-numbers/import", acquisition.ImportView.as_view(), name="zudu-import"),
    path("phone-numbers/<str:number>", phone_numbers.NumberView.as_view(), name="zudu-number"),
    path("sio/createSipTrunkDispatch", trunks.TrunkView.as_view(), name="zudu-trunk"),
]
