"""/v1/number-pools: the numbers that an operator assigned to the organization, read-only."""

from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from rest_framework import serializers

from numbers.api import examples
from numbers.inventory.number_pools import list_pool_numbers
from numbers.models import NumberPool
from organizations.access.roles import Permission
from organizations.models import Organization
from organizations.web.api.fields import Char, Integer, StrictList, StrictSerializer, Uuid
from organizations.web.api.pagination import PAGE_PARAMETERS, paginate_rows
from organizations.web.api.query_parameters import parse_query
from organizations.web.api.responses import ApiResponse
from organizations.web.api.views import OrgView
from organizations.web.openapi.operations import document_operation, response_example

TAGS = ["Number pools"]


def pools_with_counts(organization: Organization) -> QuerySet[NumberPool]:
    pools = organization.number_pools.select_related("carrier")
    return pools.annotate(number_count=Count("pooled_numbers"))


def serialize_pool(pool: NumberPool) -> dict[str, Any]:
    """Returns a pool of pools_with_counts() as JSON. For a carrier of another organization, it
    contains only sid and name."""
    return {
        "id": pool.id,
        "name": pool.name,
        "voip_carrier_sid": pool.carrier and pool.carrier.voip_carrier_sid,
        "carrier_name": pool.carrier and pool.carrier.name,
        "prefixes": pool.prefixes,
        "number_count": pool.number_count,
        "created_at": pool.created_at,
    }


class PoolShape(StrictSerializer):
    id = Uuid(help_text="What the path takes.")
    name = Char()
    voip_carrier_sid = Uuid(
        allow_null=True, help_text="The only carrier for these numbers; null where any will do."
    )
    carrier_name = Char(allow_null=True)
    prefixes = StrictList(
        child=Char(), help_text="Every number that begins with one is in the pool."
    )
    number_count = Integer(help_text="How many numbers the pool lists beside its prefixes.")
    created_at = serializers.DateTimeField()


class PoolPageShape(StrictSerializer):
    data = PoolShape(many=True)
    next_cursor = Char(allow_null=True)


class PoolWithNumbersShape(PoolShape):
    numbers = StrictList(child=Char(), help_text="All that it lists, in E.164, in their order.")


class PoolsView(OrgView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    @document_operation(
        summary="List number pools",
        description=(
            "What an operator assigned to the organization, newest first. With `numbers_limited` "
            "(`GET /v1/organization`) it can add no other numbers."
        ),
        tags=TAGS,
        query=PAGE_PARAMETERS,
        responses={200: PoolPageShape},
        examples=[response_example("A page", {"data": [examples.POOL], "next_cursor": None})],
    )
    def get(self, request: HttpRequest) -> ApiResponse:
        query = parse_query(request.GET, PAGE_PARAMETERS)
        return ApiResponse(
            paginate_rows(pools_with_counts(request.organization), query, serialize_pool)
        )


class PoolView(OrgView):
    permissions = {"GET": Permission.PHONE_NUMBERS_READ}

    @document_operation(
        summary="Get number pool",
        tags=TAGS,
        query={},
        responses={200: PoolWithNumbersShape},
        errors=["not-found"],
        examples=[
            response_example("With its numbers", {**examples.POOL, "numbers": ["+18005551234"]})
        ],
    )
    def get(self, request: HttpRequest, pool_id: UUID) -> ApiResponse:
        parse_query(request.GET, {})
        pool = pools_with_counts(request.organization).get(pk=pool_id)
        return ApiResponse({**serialize_pool(pool), "numbers": list_pool_numbers(pool)})
