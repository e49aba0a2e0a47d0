"""manage.py check_numbers: stored numbers that are not in canonical E.164, and what to do."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from numbers.inventory.stored_spellings import Action, Finding, correct, findings, keep_line

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
        for found in findings():
            is_done = fix and found.action == Action.CORRECT and correct(found)
            if fix and found.action == Action.REPLACE:
                keep_line(found)
            (done if is_done else left).append(found)
        if json:
            self.stdout.write(as_json(done, left))
        else:
            self.tell(done, left)
        if left:
            raise CommandError(f"Phone numbers that are not canonical: {len(left)}.", returncode=1)

    def tell(self, done: list[Finding], left: list[Finding]) -> None:
        for found in done:
            self.stdout.write(f"{place(found)}: corrected to {found.canonical}")
        for found in left:
            self.stdout.write(f"{place(found)}: {advice(found)}")
        if not left:
            self.stdout.write("All phone numbers are canonical.")


def place(found: Finding) -> str:
    organization = found.number.organization
    return f"{organization.public_id} ({organization.name}) {found.number.e164}"


def advice(found: Finding) -> str:
    """A sentence on what to do with it."""
    action = found.action
    if action == Action.WAIT:
        return "nothing to do, it is being removed from its platforms"
    if action == Action.CORRECT:
        return f"correct it to {found.canonical} with --fix, it is on no platform"
    if action == Action.REPLACE:
        return f"delete it, then add {found.canonical}: it is on {platforms(found)}"
    if found.canonical is None:
        return "delete it, no country has such a number"
    return f"delete it, {found.canonical} is already held by {holder(found)}"


def holder(found: Finding) -> str:
    same = found.holder.organization_id == found.number.organization_id
    return "the same organization" if same else found.holder.organization.public_id


def platforms(found: Finding) -> str:
    return ", ".join(f"{p.integration.name} ({p.integration.kind})" for p in found.placements)


def as_json(done: list[Finding], left: list[Finding]) -> str:
    rows = [row(found, is_done=True) for found in done] + [row(found) for found in left]
    return json.dumps(rows, indent=2, ensure_ascii=False)


def row(found: Finding, *, is_done: bool = False) -> dict[str, Any]:
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
        "advice": f"corrected to {found.canonical}" if is_done else advice(found),
    }
