"""Secrets of an installation, each generated once in a file of its own."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import Fernet

from config.supervisor import SupervisorError
from config.supervisor.files import write_private_file
from config.supervisor.postgres import ROLE_ATTRIBUTES, SUPERUSER


class SecretStore:
    """The folder `secrets` of a data folder."""

    def __init__(self, data: Path):
        self.folder = data / "secrets"
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def kept(self, name: str, make: Callable[[], str]) -> str:
        """Returns the secret with this name, generating it on first use."""
        path = self.folder / name
        if not path.exists():
            write_private_file(path, make() + "\n")
        return path.read_text().strip()

    def secret_key(self) -> str:
        return os.environ.get("SECRET_KEY") or self.kept(
            "secret_key", lambda: secrets.token_urlsafe(50)
        )

    def passwords(self) -> dict[str, str]:
        """Returns the passwords of the database roles."""
        return {
            role: self.kept(role, lambda: secrets.token_urlsafe(24))
            for role in (SUPERUSER, *ROLE_ATTRIBUTES)
        }

    def valkey_password(self) -> str:
        return self.kept("valkey", lambda: secrets.token_urlsafe(24))

    def encryption_keys(self, *, database_exists: bool, announce: Callable[[str], None]) -> str:
        """Returns the keys of the stored credentials. Raises SupervisorError if they are missing
        and the database exists, because a new key cannot decrypt it."""
        if given := os.environ.get("PATCHBAY_ENCRYPTION_KEYS"):
            return given
        path = self.folder / "encryption_keys"
        if path.exists():
            return self.kept(path.name, str)
        if database_exists:
            raise SupervisorError(
                f"{path} is missing. The credentials in the database cannot be read without it, "
                "and a new key would not help: put the file back, or set PATCHBAY_ENCRYPTION_KEYS "
                "to the old key."
            )
        key = self.kept(path.name, lambda: Fernet.generate_key().decode())
        announce(f"Made the encryption key {path}.")
        announce("Keep a copy of it: without it the stored credentials are unreadable.")
        return key
