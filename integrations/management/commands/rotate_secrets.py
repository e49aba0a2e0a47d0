"""manage.py rotate_secrets: encrypts all stored secrets with the newest key."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from integrations.connections import encryption, key_proof
from integrations.connections.encryption import DecryptionError
from organizations.accounts.sign_in import second_factor

BATCH_SIZE = 200


class Command(BaseCommand):
    help = (
        "Seal all stored secrets anew with the first of PATCHBAY_ENCRYPTION_KEYS. Put the new key "
        "in front, restart everything, run this, and take the old key away once it reports nothing "
        "unreadable. It may be interrupted and run again: what has the newest key is left alone."
    )

    def handle(self, **options) -> None:
        unreadable = 0
        for label, column in encryption.encrypted_columns:
            counts: Counter[str] = Counter()
            for key, sealed in iterate_encrypted_rows(label, column):
                counts[self.rotate(label, column, key, sealed)] += 1
            self.stdout.write(f"{label}.{column}: {format_rotation_counts(counts)}")
            unreadable += counts["unreadable"]
        counts = second_factor.reencrypt_authenticators()
        self.stdout.write(f"second factors: {format_rotation_counts(counts)}")
        unreadable += counts["unreadable"]
        if unreadable:
            raise CommandError(
                f"{unreadable} could not be read with the configured keys and were left alone. "
                "Put back the key they were sealed with, or connect these accounts anew."
            )
        key_proof.update_key_proof()

    def rotate(self, label: str, column: str, key: Any, sealed: str) -> str:
        """Encrypts one secret with the newest key and returns what happened. Uses compare-and-set,
        so that a secret that changes meanwhile is not overwritten."""
        if encryption.uses_newest_key(sealed):
            return "up to date"
        try:
            anew = encryption.reencrypt_text(sealed)
        except DecryptionError as error:
            self.stderr.write(f"{label} {key}, {column}: {error}")
            return "unreadable"
        unchanged = apps.get_model(label).objects.filter(pk=key, **{column: sealed})
        return "rotated" if unchanged.update(**{column: anew}) else "changed meanwhile"


def iterate_encrypted_rows(label: str, column: str) -> Iterator[tuple[Any, str]]:
    """Yields key and encrypted text of all rows with a secret, read in batches by key."""
    filled = apps.get_model(label).objects.exclude(**{column: ""}).order_by("pk")
    batch = list(filled.values_list("pk", column)[:BATCH_SIZE])
    while batch:
        yield from batch
        batch = list(filled.filter(pk__gt=batch[-1][0]).values_list("pk", column)[:BATCH_SIZE])


def format_rotation_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items())) or "none"
