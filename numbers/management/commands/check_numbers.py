"""The command check_numbers, which lists stored numbers that are not in canonical E.164 and what to
do about each."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from numbers.inventory.stored_spellings import (
    CorrectionAction,
    NonCanonicalNumber,
    correct_stored_number,
    find_noncanonical_numbers,
    reserve_canonical_number,
)

HELP = """List the phone numbers of all organizations whose stored spelling is not canonical E.164,
such as +4402071838750 for +442071838750, each with what to do. An earlier version took such
spellings. Ends with 0 when there are none, else with 1.

With --fix, numbers that are only recorded, and that nobody holds under the canonical spelling, are
corrected. What is on a platform is never changed: the platform knows it by this spelling. Its line
stays its own until it is deleted: nobody can add the canonical spelling beside it."""


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--fix", action="store_true", help="correct what is on no platform and held by nobody"
        )
        parser.add_argument(
            "--json", action="store_true", help="one JSON list, for programs, in place of lines"
        )

    def handle(self, *, fix: bool, json: bool, **options) -> None:
        done, left = [], []
        for found in find_noncanonical_numbers():
            is_done = (
                fix and found.action == CorrectionAction.CORRECT and correct_stored_number(found)
            )
            if fix and found.action == CorrectionAction.REPLACE:
                reserve_canonical_number(found)
            (done if is_done else left).append(found)
        if json:
            self.stdout.write(render_findings_json(done, left))
        else:
            self.tell(done, left)
        if left:
            raise CommandError(f"Phone numbers that are not canonical: {len(left)}.", returncode=1)

    def tell(self, done: list[NonCanonicalNumber], left: list[NonCanonicalNumber]) -> None:
        for found in done:
            self.stdout.write(f"{describe_stored_number(found)}: corrected to {found.canonical}")
        for found in left:
            self.stdout.write(f"{describe_stored_number(found)}: {correction_advice(found)}")
        if not left:
            self.stdout.write("All phone numbers are canonical.")


def describe_stored_number(found: NonCanonicalNumber) -> str:
    organization = found.number.organization
    return f"{organization.public_id} ({organization.name}) {found.number.e164}"


def correction_advice(found: NonCanonicalNumber) -> str:
    """Returns what to do about the number, in one sentence."""
    action = found.action
    if action == CorrectionAction.WAIT:
        return "nothing to do, it is being removed from its platforms"
    if action == CorrectionAction.CORRECT:
        return f"correct it to {found.canonical} with --fix, it is on no platform"
    if action == CorrectionAction.REPLACE:
        return f"delete it, then add {found.canonical}: it is on {describe_platforms(found)}"
    if found.canonical is None:
        return "delete it, no country has such a number"
    return f"delete it, {found.canonical} is already held by {describe_holder(found)}"


def describe_holder(found: NonCanonicalNumber) -> str:
    same = found.holder.organization_id == found.number.organization_id
    return "the same organization" if same else found.holder.organization.public_id


def describe_platforms(found: NonCanonicalNumber) -> str:
    return ", ".join(f"{p.integration.name} ({p.integration.kind})" for p in found.placements)


def render_findings_json(done: list[NonCanonicalNumber], left: list[NonCanonicalNumber]) -> str:
    rows = [serialize_finding(found, is_done=True) for found in done] + [
        serialize_finding(found) for found in left
    ]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def serialize_finding(found: NonCanonicalNumber, *, is_done: bool = False) -> dict[str, Any]:
    number = found.number
    return {
        "organization_id": number.organization.public_id,
        "organization": number.organization.name,
        "id": str(number.pk),
        "number": number.e164,
        "status": number.status,
        "canonical": found.canonical,
        "held_by": found.holder and found.holder.organization.public_id,
        "placements": [
            {"role": p.role, "kind": p.integration.kind, "integration": p.integration.name}
            for p in found.placements
        ],
        "action": "corrected" if is_done else str(found.action),
        "advice": f"corrected to {found.canonical}" if is_done else correction_advice(found),
    }
