"""The command seed_demo, which creates the demo organization of `make up`; it refuses
production."""

import json
import os
import secrets
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from carriers.operations import add_carrier, make_installation_default_carrier
from integrations.ledger import worker
from integrations.ledger.operation_requests import connect_integration, set_default_integration
from organizations.access.principals import Principal, system_principal
from organizations.models import Organization, User
from organizations.operations import create_api_key, create_organization

EMAIL = "admin@patchbay.example"
CARRIER_SID = UUID("660e8400-e29b-41d4-a716-446655440001")  # from TopCalls' example request


class Command(BaseCommand):
    help = "Make the demo organization once, and write what one needs to try it."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--quickstart", type=Path, required=True, help="file to write, mode 0600"
        )
        parser.add_argument("--url", required=True, help="where the web server answers")

    def handle(self, *, quickstart: Path, url: str, **options) -> None:
        if settings.MODE == "production":
            raise CommandError("Demo data has no place in a production installation.")
        if quickstart.exists():
            known = json.loads(quickstart.read_text())
        elif User.objects.exists():
            raise CommandError(
                f"{quickstart.name} is gone, and its secrets cannot be read back: {RECOVERY_ADVICE}"
            )
        else:
            known = create_demo_organization()
        write_quickstart_file(quickstart, json.dumps({**known, "url": url}, indent=2) + "\n")


RECOVERY_ADVICE = (
    "make a new key with manage.py create_api_key, or remove the data folder to begin anew."
)


@transaction.atomic
def create_demo_organization() -> dict[str, str]:
    password = secrets.token_urlsafe(12)
    user = User.objects.create_superuser(EMAIL, password, name="Demo admin")
    organization = create_organization(name="Demo", owner=user)
    by = system_principal(organization, "make up")
    add_sandbox_carrier(by)
    key, text = create_api_key(by, owner=user, name="quickstart")
    return build_quickstart(organization, password, text)


def add_sandbox_carrier(by: Principal) -> None:
    """Adds a sandbox integration and a carrier on it. The credential check runs in this process
    because the sandbox calls no server."""
    integration, operation = connect_integration(by, kind="sandbox", name="Sandbox", account={})
    worker.run_attempt(operation.pk)
    integration.refresh_from_db()
    for role in ("carrier", "sip", "twilio"):
        set_default_integration(by, integration, role=role)
    carrier = add_carrier(
        by,
        name="Sandbox carrier",
        trunk_type="static_ip",
        gateways=[GATEWAY],
        is_default=True,
        voip_carrier_sid=CARRIER_SID,
    )
    make_installation_default_carrier(by, carrier)


GATEWAY = {  # from TEST-NET-2, which nobody uses
    "ipv4": "198.51.100.10",
    "port": 5060,
    "netmask": 32,
    "inbound": True,
    "outbound": True,
    "protocol": "udp",
}


def build_quickstart(organization: Organization, password: str, text) -> dict[str, str]:
    return {
        "url": "",
        "username": EMAIL,
        "password": password,
        "organization_id": organization.public_id,
        "api_key": text.full,
        "api_key_id": text.public,
        "api_secret": text.secret,
    }


def write_quickstart_file(path: Path, content: str) -> None:
    """Writes a file that only its owner can ever read, either completely or not at all."""
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(content)
    draft.replace(path)
