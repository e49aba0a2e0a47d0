"""The file of a backup: written completely or not at all, and verified when it is read."""

import hashlib
import json
import os
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from organizations.backups import BackupError

FORMAT = 1
DUMP_ENTRY, MANIFEST_ENTRY, KEYS_ENTRY = "database.dump", "manifest.json", "encryption_keys"
CHUNK_SIZE = 1 << 20  # bytes read at a time
MAX_MANIFEST_SIZE = 16 << 20  # bytes
# Raised by zipfile if a file is truncated or changed; RuntimeError if an entry seems encrypted.
DAMAGE_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, KeyError, EOFError, ValueError),
    *(NotImplementedError, RuntimeError),
)


@dataclass(frozen=True)
class Manifest:
    """The description of a backup in its file. `tables` maps a name to `<rows> <sum>`; `keys` are
    fingerprints of the encryption keys, newest first; `migrations` are `app.name`."""

    version: str
    made_at: str
    postgresql: int  # major version
    migrations: list[str]
    tables: dict[str, str]
    keys: list[str]
    dump_bytes: int
    dump_sha256: str
    format: int = FORMAT

    @property
    def rows(self) -> int:
        return sum(int(value.partition(" ")[0]) for value in self.tables.values())


def key_fingerprint(key: str) -> str:
    """Returns a fingerprint that identifies a key. It reveals nothing, because keys are random."""
    return hashlib.sha256(key.strip().encode()).hexdigest()[:16]


@contextmanager
def create_archive_file(path: Path) -> Iterator[zipfile.ZipFile]:
    """Opens an archive, mode 0600, that is renamed to `path` when it is complete and synced to
    disk. Raises BackupError if the file exists or cannot be written."""
    if path.exists():
        raise BackupError(f"{path} is there already.")
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with open(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                yield archive
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError as error:
        raise BackupError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def copy_dump(archive: zipfile.ZipFile, source: IO[bytes]) -> tuple[int, str]:
    """Copies a dump while it arrives. Returns its size in bytes and its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with archive.open(DUMP_ENTRY, "w", force_zip64=True) as target:
        while piece := source.read(CHUNK_SIZE):
            digest.update(piece)
            size += len(piece)
            target.write(piece)
    return size, digest.hexdigest()


def write_manifest_and_keys(
    archive: zipfile.ZipFile, manifest: Manifest, keys: Sequence[str]
) -> None:
    """Writes the manifest and any keys."""
    archive.writestr(MANIFEST_ENTRY, json.dumps(asdict(manifest), indent=1))
    if keys:
        archive.writestr(KEYS_ENTRY, ",".join(keys) + "\n")


class Backup:
    """A backup file, read to its end and verified. Raises BackupError if it is damaged."""

    def __init__(self, path: Path):
        self.path = path
        with self.opened() as archive:
            self.manifest = self.read_manifest(archive)
            self.keys = self.read_keys(archive)
            digest = hashlib.sha256()
            with archive.open(DUMP_ENTRY) as dump:
                while piece := dump.read(CHUNK_SIZE):
                    digest.update(piece)
            if digest.hexdigest() != self.manifest.dump_sha256:
                raise BackupError(f"{path} is damaged: its dump is not what was written.")

    @contextmanager
    def opened(self) -> Iterator[zipfile.ZipFile]:
        try:
            with zipfile.ZipFile(self.path) as archive:
                yield archive
        except OSError as error:
            raise BackupError(f"{self.path} cannot be read: {error.strerror}.") from error
        except DAMAGE_ERRORS as error:
            raise BackupError(f"{self.path} is damaged or no backup: {error}") from error

    def read_manifest(self, archive: zipfile.ZipFile) -> Manifest:
        with archive.open(MANIFEST_ENTRY) as file:
            values = json.loads(file.read(MAX_MANIFEST_SIZE))
        if values.get("format") != FORMAT:
            raise BackupError(
                f"{self.path} has the format {values.get('format')}; this Patchbay reads {FORMAT}."
            )
        try:
            return Manifest(**values)
        except TypeError as error:
            raise BackupError(f"{self.path} is damaged or no backup: {error}") from error

    def read_keys(self, archive: zipfile.ZipFile) -> list[str]:
        if KEYS_ENTRY not in archive.namelist():
            return []
        return archive.read(KEYS_ENTRY).decode("ascii").strip().split(",")

    @contextmanager
    def dump(self) -> Iterator[IO[bytes]]:
        """Opens the dump for another read."""
        with zipfile.ZipFile(self.path) as archive, archive.open(DUMP_ENTRY) as dump:
            yield dump


def copy_until_closed(source: IO[bytes], target: IO[bytes]) -> None:
    """Copies until the source ends, or until the reader closes the pipe."""
    try:
        shutil.copyfileobj(source, target, CHUNK_SIZE)
    except BrokenPipeError:
        pass
    finally:
        with suppress(BrokenPipeError):
            target.close()
