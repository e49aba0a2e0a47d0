"""manage.py add_member: makes a user a member of an organization."""

from django.core.management.base import BaseCommand

from organizations import operations
from organizations.access.principals import system_principal
from organizations.access.roles import Role
from organizations.management.arguments import find_organization, find_user, raise_command_errors


class Command(BaseCommand):
    help = "Make a user a member of an organization."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--organization", metavar="ORG", required=True, help="org_… or UUID")
        parser.add_argument("--user", metavar="EMAIL", required=True)
        parser.add_argument("--role", choices=Role.values, default=Role.USER.value)

    def handle(self, *, organization: str, user: str, role: str, **options) -> None:
        by = system_principal(find_organization(organization), "manage.py add_member")
        member = find_user(user)
        with raise_command_errors():
            operations.add_member(by, user=member, role=role)
        self.stdout.write(f"{member} is in {by.organization} as {role}.")
