"""manage.py create_user: creates a person who may sign in."""

import getpass
import sys

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from organizations.management.arguments import raise_command_errors
from organizations.models import User


class Command(BaseCommand):
    help = (
        "Make a user. The password is asked for at a terminal, or read from standard input with "
        "--password-stdin; it is never an argument, which everybody on the machine could read."
    )

    def add_arguments(self, parser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="their name, as it is shown")
        parser.add_argument(
            "--staff",
            action="store_true",
            help="an operator of this installation, who may do everything in the admin",
        )
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="read the password from the first line of standard input",
        )

    def handle(self, *, email: str, name: str, staff: bool, password_stdin: bool, **options):
        if User.objects.with_email(email):
            raise CommandError(f"There is a user {email} already.")
        user = User(email=email, name=name)
        with raise_command_errors():
            user.full_clean(exclude=["password"])
        password = read_password_line() if password_stdin else prompt_password(user)
        with raise_command_errors():
            validate_password(password, user)
            make = User.objects.create_superuser if staff else User.objects.create_user
            make(email, password, name=name)
        self.stdout.write(f"{email} may sign in now.")


def read_password_line() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise CommandError("There is no password on standard input.")
    return password


def prompt_password(user: User) -> str:
    """Asks for the password twice, until both entries match and are strong enough. Raises
    CommandError without a terminal."""
    if not sys.stdin.isatty():
        raise CommandError("No terminal to ask for the password at; use --password-stdin.")
    while True:
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Password (again): "):
            print("These were not the same.", file=sys.stderr)
            continue
        try:
            validate_password(password, user)
        except ValidationError as error:
            print(" ".join(error.messages), file=sys.stderr)
            continue
        return password
