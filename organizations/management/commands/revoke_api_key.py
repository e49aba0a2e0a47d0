"""manage.py revoke_api_key: revokes a key, which is refused from the next request on."""

from django.core.management.base import BaseCommand, CommandError

from organizations import operations
from organizations.access import api_key_format
from organizations.access.principals import system_principal
from organizations.models import ApiKey


class Command(BaseCommand):
    help = "Revoke an API key."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "key", help="pb_live_…, as the lists show it; the secret part is not needed"
        )

    def handle(self, *, key: str, **options) -> None:
        key_id = key.removeprefix(api_key_format.API_KEY_PREFIX).partition("_")[0]
        row = ApiKey.objects.select_related("organization").filter(key_id=key_id).first()
        if row is None:
            raise CommandError(f"There is no key {api_key_format.API_KEY_PREFIX}{key_id}.")
        by = system_principal(row.organization, "manage.py revoke_api_key")
        if not operations.revoke_api_key(by, key_id=row.pk):
            raise CommandError(
                f"{row} had been revoked before, at {row.revoked_at:%Y-%m-%d %H:%M}."
            )
        self.stdout.write(f"{row} is refused from now on.")
