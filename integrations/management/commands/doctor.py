"""manage.py doctor: reports what is wrong with this installation, and how to fix it."""

import json
from dataclasses import asdict

from django.core.management.base import BaseCommand

from config import diagnoses  # noqa: F401  they register themselves
from config.celery import app
from integrations import diagnoses as of_integrations  # noqa: F401
from organizations.diagnostics import installation_checks as of_organizations  # noqa: F401
from organizations.diagnostics.findings import Finding, run_diagnostic_checks

LEVELS = ["fault", "warning", "ok"]  # the worst comes first


class Command(BaseCommand):
    """Prints all findings. Exits with status 1 if one of them is a fault."""

    help = "Tells what is wrong with this installation, and how to mend it."
    requires_system_checks = []  # they are part of the report

    def add_arguments(self, parser) -> None:
        parser.add_argument("--json", action="store_true", help="For programs.")

    def handle(self, *, json: bool, **options) -> None:
        app.set_default()
        findings = sorted(run_diagnostic_checks(), key=lambda each: LEVELS.index(each.level))
        self.stdout.write(
            format_findings_json(findings) if json else format_findings_text(findings)
        )
        if any(each.level == "fault" for each in findings):
            raise SystemExit(1)


def format_findings_json(findings: list[Finding]) -> str:
    return json.dumps([asdict(each) for each in findings], indent=2)


def format_findings_text(findings: list[Finding]) -> str:
    lines = []
    for each in findings:
        lines.append(f"{each.level:8} {each.subject}: {each.sentence}")
        if each.remedy and each.level != "ok":
            lines.append(f"{'':8}   → {each.remedy}")
    return "\n".join(lines)
