"""manage.py connect: connects a platform account once the platform has accepted its credentials."""

import getpass
import os
import sys
from collections.abc import Sequence

from django.core.management.base import BaseCommand, CommandError

from config.environment.reader import UnreadableSecret, read_secret
from integrations.ledger import operation_requests, worker
from integrations.models import Integration, Operation
from integrations.providers import PROVIDERS
from integrations.providers.base import AccountField, Provider
from organizations.access.principals import Principal, system_principal
from organizations.management.arguments import find_organization, raise_command_errors

HELP = """Connect a platform account to an organization, or give a connected one (same name) new
credentials. They are tested first, in this very process; only accepted ones are stored for use.

Secrets are no arguments, because everybody on the machine can read those. A secret field is taken
from the environment as PATCHBAY_CONNECT_<FIELD>, from standard input where FIELD=- is given (one
line for each, in their order), or is asked for at a terminal. PATCHBAY_CONNECT_<FIELD>_FILE names a
file that holds it. Other fields may come from the environment too.

Ends with 0 when it is connected, 1 when the platform refused, 2 when it could not be asked now: the
check stays in the ledger then, and the workers go on with it."""


class Command(BaseCommand):
    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **options):
        """Returns a parser that allows the fields anywhere among the options, which argparse does
        only on request."""
        parser = super().create_parser(prog_name, subcommand, epilog=build_help_epilog(), **options)
        parser.parse_args = parser.parse_intermixed_args
        return parser

    def add_arguments(self, parser) -> None:
        parser.add_argument("kind", choices=sorted(PROVIDERS), help="which platform")
        parser.add_argument("--organization", metavar="ORG", required=True, help="org_… or UUID")
        parser.add_argument("--name", required=True, help="how people call it; unique")
        parser.add_argument(
            "--make-default",
            action="store_true",
            help="for all that the platform can do; existing carriers and numbers do not move",
        )
        parser.add_argument("fields", nargs="*", metavar="FIELD=VALUE", help="of the account")

    def handle(
        self, *, kind: str, organization: str, name: str, make_default: bool, fields, **options
    ) -> None:
        by = system_principal(find_organization(organization), "manage.py connect")
        account = collect_account_fields(PROVIDERS[kind], parse_field_arguments(fields))
        with raise_command_errors():
            integration, operation = operation_requests.connect_integration(
                by, kind=kind, name=name, account=account
            )
        operation = check_connection(operation)
        if operation.status != Operation.Status.DONE:
            raise connection_command_error(integration, operation)
        self.stdout.write(f"{integration} is connected: {operation.result['summary']}")
        if make_default:
            self.make_default(by, integration)

    def make_default(self, by: Principal, integration: Integration) -> None:
        for role in sorted(PROVIDERS[integration.kind].roles):
            operation_requests.set_default_integration(by, integration, role=role)
            self.stdout.write(f"It is the default for {role} of {by.organization} now.")


def check_connection(operation: Operation) -> Operation:
    """Runs the check in this process and returns the operation. If a worker was faster, waits for
    its outcome."""
    if worker.run_attempt(operation.pk) is None:
        return operation_requests.wait_for_operation(operation.pk)
    operation.refresh_from_db()
    return operation


def connection_command_error(integration: Integration, operation: Operation) -> CommandError:
    if operation.status == Operation.Status.REFUSED:
        return CommandError(f"{integration} was refused: {operation.reason}", returncode=1)
    reason = operation.reason or "no answer yet."
    return CommandError(
        f"{integration} could not be checked now: {reason} The workers go on with it.",
        returncode=2,
    )


def parse_field_arguments(arguments: Sequence[str]) -> dict[str, str]:
    given = dict(argument.partition("=")[::2] for argument in arguments)
    bare = [argument for argument in arguments if "=" not in argument]
    if bare:
        raise CommandError(f"Write FIELD=VALUE, not {bare[0]}.")
    return given


def collect_account_fields(provider: type[Provider], given: dict[str, str]) -> dict[str, str]:
    """Returns the account's fields from arguments, standard input, environment and terminal. Raises
    CommandError."""
    known = {field.name: field for field in provider.fields}
    if unknown := [name for name in given if name not in known]:
        raise CommandError(
            f"{provider.title} has no field {unknown[0]}. {describe_provider_fields(provider)}"
        )
    spoken = [name for name, value in given.items() if known[name].secret and value != "-"]
    if spoken:
        raise CommandError(
            f"{spoken[0]} is a secret, and everybody on this machine can read arguments. "
            f"Write {spoken[0]}=- and give it on standard input, or set "
            f"{environment_variable_name(spoken[0])}."
        )
    piped = {name: read_stdin_line(name) for name, value in given.items() if value == "-"}
    return {name: collect_field_value(field, {**given, **piped}) for name, field in known.items()}


def collect_field_value(field: AccountField, given: dict[str, str]) -> str:
    if field.name in given:
        return given[field.name]
    if (
        environment_variable_name(field.name) in os.environ
        or f"{environment_variable_name(field.name)}_FILE" in os.environ
    ):
        return read_secret_variable(environment_variable_name(field.name))
    if field.required and field.secret and sys.stdin.isatty():
        return getpass.getpass(f"{field.label}: ")
    return ""


def read_secret_variable(name: str) -> str:
    try:
        return read_secret(name)
    except UnreadableSecret as error:
        raise CommandError(f"{name}_FILE: {error}.") from None


def read_stdin_line(name: str) -> str:
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise CommandError(f"There is no line for {name} on standard input.")
    return line


def environment_variable_name(name: str) -> str:
    return f"PATCHBAY_CONNECT_{name.upper()}"


def describe_provider_fields(provider: type[Provider]) -> str:
    words = [
        field.name
        + (" (secret)" if field.secret else "")
        + ("" if field.required else " (optional)")
        for field in provider.fields
    ]
    return f"Fields of {provider.kind}: {', '.join(words)}."


def build_help_epilog() -> str:
    return " ".join(describe_provider_fields(PROVIDERS[kind]) for kind in sorted(PROVIDERS))
