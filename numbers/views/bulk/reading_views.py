"""Screens that choose the numbers of ambiguous rows."""

import re
from typing import ClassVar
from uuid import UUID

from django.http import HttpRequest, QueryDict

from numbers.bulk.imports.readings import choose_row_numbers
from numbers.models import Batch
from numbers.views.bulk.bulk_actions import BatchActionScreen
from organizations.access.roles import Permission

LINE_FIELD = re.compile(r"line-([0-9]{1,8})")


class ReadingsScreen(BatchActionScreen):
    """Stores the choices for a page of rows, or one choice for all rows. The import is then checked
    again."""

    permissions: ClassVar = {"POST": Permission.PHONE_NUMBERS_CREATE}

    def act(self, request: HttpRequest, batch_id: UUID) -> Batch:
        way = request.POST.get("without_plus") or None
        choices = {} if way else parse_number_choices(request.POST)
        return choose_row_numbers(self.principal, batch_id, choices=choices, without_plus=way)


def parse_number_choices(posted: QueryDict) -> dict[int, str]:
    """Returns the choices by line, from fields named like line-3."""
    found = {LINE_FIELD.fullmatch(name): value for name, value in posted.items() if value}
    return {int(match[1]): value for match, value in found.items() if match}
