"""The choices for a row whose digits can be parsed as more than one number."""

from typing import Any

from django.utils.translation import gettext as _

from numbers.bulk.imports.options import INTERNATIONAL, NATIONAL
from numbers.bulk.imports.readings import RANGE_CHOICE
from numbers.models import Batch, BatchRow
from numbers.numbering import regions
from numbers.numbering.e164 import format_display_number
from numbers.numbering.readings import number_with_country

NumberChoice = tuple[str, str, str]  # value, label and note


def row_number_choices(row: BatchRow) -> list[NumberChoice]:
    """Returns the candidate numbers of an ambiguous row, and its range if there is one."""
    if row.fate != BatchRow.Fate.AMBIGUOUS:
        return []
    readings = row.values.get("readings", ())
    found = [
        (each["number"], number_with_country(each["number"]), each.get("note", ""))
        for each in readings
    ]
    if block := row.values.get("range"):
        count = int(block["last"]) - int(block["first"]) + 1
        words = {
            "first": format_display_number(block["first"]),
            "last": format_display_number(block["last"]),
            "count": count,
        }
        found.append((RANGE_CHOICE, _("%(count)d numbers: %(first)s to %(last)s") % words, ""))
    return found


def ambiguity_options(batch: Batch, count: int) -> dict[str, Any] | None:
    """Returns the count of ambiguous rows and the ways to parse them all, or None without such
    rows. No way is offered if all of them are ranges."""
    if not count:
        return None
    ambiguous = batch.rows.filter(fate=BatchRow.Fate.AMBIGUOUS)
    if not ambiguous.exclude(values__has_key="range").exists():
        return {"count": count, "ways": []}
    country = batch.options.get("country")
    ways = [(INTERNATIONAL, _("As international numbers whose + was lost"))]
    if country and country != regions.INTERNATIONAL:
        name = {"country": regions.region_name(country)}
        ways.insert(0, (NATIONAL, _("As national numbers of %(country)s") % name))
    return {"count": count, "ways": ways}
