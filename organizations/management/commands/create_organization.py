"""manage.py create_organization: creates an organization and its first admin."""

from django.core.management.base import BaseCommand

from organizations import operations
from organizations.management.arguments import find_user, raise_command_errors


class Command(BaseCommand):
    help = "Make an organization. Prints its org_… id, which the other commands take."

    def add_arguments(self, parser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--owner", metavar="EMAIL", required=True, help="a user, who becomes its first admin"
        )

    def handle(self, *, name: str, owner: str, **options) -> None:
        first_admin = find_user(owner)
        with raise_command_errors():
            organization = operations.create_organization(name=name, owner=first_admin)
        self.stderr.write(f"{organization} was made; {first_admin} is its admin.")
        self.stdout.write(organization.public_id)
