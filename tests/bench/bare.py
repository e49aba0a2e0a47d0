"""The same answers from bare Django views: the same queries, no key, no middleware."""

import os
from uuid import UUID

import django
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.urls import path

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.bare_settings"
django.setup()
settings.MIDDLEWARE = []  # only now: allauth does not start without its own

from config.asgi import application  # noqa: E402
from numbers.api.serializers import COLUMNS, serialize_number  # noqa: E402
from numbers.models import PhoneNumber  # noqa: E402

__all__ = ["application"]

NUMBERS = PhoneNumber.objects.filter(organization_id=os.environ["BENCH_ORGANIZATION"])
LISTED_NUMBERS = NUMBERS.exclude(status=PhoneNumber.Status.DELETED)


def healthz(request: HttpRequest) -> JsonResponse:
    """A constant: what is left is HTTP alone."""
    return JsonResponse({"status": "ok"})


def get_number(request: HttpRequest, number_id: UUID) -> JsonResponse:
    return JsonResponse(serialize_number(NUMBERS.filter(pk=number_id).values(*COLUMNS).first()))


def list_numbers(request: HttpRequest) -> JsonResponse:
    rows = LISTED_NUMBERS.values(*COLUMNS).order_by("-created_at", "-id")[:51]
    return JsonResponse(
        {"data": [serialize_number(row) for row in rows][:50], "next_cursor": "more"}
    )


urlpatterns = [
    path("healthz", healthz),
    path("v1/phone-numbers", list_numbers),
    path("v1/phone-numbers/<uuid:number_id>", get_number),
]
