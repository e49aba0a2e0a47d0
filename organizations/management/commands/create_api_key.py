"""manage.py create_api_key: creates an API key and prints it once."""

from django.core.management.base import BaseCommand

from organizations import operations
from organizations.access.principals import system_principal
from organizations.access.roles import SCOPES, Role
from organizations.management.arguments import find_organization, find_user, raise_command_errors


class Command(BaseCommand):
    help = "Make an API key and print it: only the key goes to standard output, and only once."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--organization", metavar="ORG", required=True, help="org_… or UUID")
        parser.add_argument(
            "--owner",
            metavar="EMAIL",
            required=True,
            help="a member; the key is never stronger than they are",
        )
        parser.add_argument("--name", required=True, help="which program uses it")
        parser.add_argument("--role", choices=Role.values, default=Role.ADMIN.value)
        parser.add_argument(
            "--scope",
            dest="scopes",
            action="append",
            default=[],
            metavar="SCOPE",
            help=f"narrow the role, may be repeated: {', '.join(SCOPES)}",
        )

    def handle(
        self, *, organization: str, owner: str, name: str, role: str, scopes: list[str], **options
    ) -> None:
        by = system_principal(find_organization(organization), "manage.py create_api_key")
        with raise_command_errors():
            key, text = operations.create_api_key(
                by, owner=find_user(owner), name=name, role=role, scopes=scopes
            )
        self.stderr.write(f"{key} was made. This is the only time it is shown:")
        self.stdout.write(text.full)
