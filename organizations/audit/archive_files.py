"""Archive files of an audit log: gzipped, with one JSON object per line.

The first line is a header, and the last one says how the file ends. The lines between them are
events, each with its position in the chain, its seal, and the texts that the seal covers. A file
can therefore be verified on its own with nothing but SHA-256 (organizations/audit/chain.py computes
seals).
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from organizations.audit.chain import FIELD_NAMES, event_digest

FORMAT = "patchbay audit log, 1"
# Raised by reading a file that is not gzip, not JSON, or JSON of another shape.
READ_ERRORS = (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True)
class ArchivePart:
    """The content of one file. Digests are hexadecimal; `before` is "" at the beginning of a
    log."""

    organization: str  # public id
    first: int
    last: int
    before: str
    digest: str


@dataclass(frozen=True)
class ArchivedLine:
    """One event in a file. `texts` are its fields in the order of FIELD_NAMES."""

    position: int
    digest: str
    texts: list[str | None]


class CorruptArchive(Exception):
    """The file is not as it was written; the text says where."""


def write_archive_file(
    folder: Path, organization: str, before: str, lines: Iterable[ArchivedLine]
) -> Path | None:
    """Writes the lines to a file, syncs it to disk and returns its path. Returns None if there are
    no lines. Raises OSError."""
    unfinished = folder / f".{organization}.unfinished"
    part = None
    with open(unfinished, "wb") as raw:
        os.fchmod(raw.fileno(), 0o600)
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
            write_archive_line(
                file, {"format": FORMAT, "organization": organization, "before": before}
            )
            for line in lines:
                event = dict(zip(FIELD_NAMES, line.texts, strict=True))
                write_archive_line(
                    file, {"position": line.position, "digest": line.digest, "event": event}
                )
                first = part.first if part else line.position
                part = ArchivePart(organization, first, line.position, before, line.digest)
            write_archive_line(file, {"end": asdict(part) if part else None})
        raw.flush()
        os.fsync(raw.fileno())
    if part is None:
        unfinished.unlink()
        return None
    place = folder / f"{organization}-{part.first:012}-{part.last:012}.jsonl.gz"
    write_durably(
        place.with_name(f"{place.name}.sha256"), f"{file_sha256(unfinished)}  {place.name}\n"
    )
    unfinished.replace(place)
    sync_folder(folder)
    return place


def write_archive_line(file: gzip.GzipFile, value: dict[str, Any]) -> None:
    file.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")


def write_durably(place: Path, text: str) -> None:
    with open(place, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Syncs a folder, so that the names in it survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(place: Path) -> str:
    with open(place, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_archive_file(place: Path) -> ArchivePart:
    """Returns the content of the file after recomputing every seal in it. Raises CorruptArchive."""
    told = place.with_name(f"{place.name}.sha256")
    try:
        if told.exists() and told.read_text().split()[:1] != [file_sha256(place)]:
            raise CorruptArchive(f"{place.name} has not the checksum that {told.name} tells.")
        with gzip.open(place, "rt", encoding="utf-8", newline="\n") as file:
            return verify_archive_lines(place.name, map(json.loads, file))
    except READ_ERRORS as error:
        raise CorruptArchive(
            f"{place.name} cannot be read: {error or type(error).__name__}."
        ) from error


def verify_archive_lines(name: str, rows: Iterator[dict[str, Any]]) -> ArchivePart:
    heading = next(rows, {})
    if heading.get("format") != FORMAT:
        raise CorruptArchive(f"{name} is no part of an audit log.")
    before, first, position, digest = heading["before"], None, None, heading["before"]
    for row in rows:
        if "end" in row:
            part = ArchivePart(heading["organization"], first, position, before, digest)
            if row["end"] != asdict(part) or next(rows, None):
                raise CorruptArchive(f"{name} does not end as it was written.")
            return part
        if position is not None and row["position"] != position + 1:
            raise CorruptArchive(f"{name}: position {position + 1} is missing.")
        texts = [row["event"][field] for field in FIELD_NAMES]
        position, digest = row["position"], event_digest(bytes.fromhex(digest), texts).hex()
        first = first or position
        if digest != row["digest"]:
            raise CorruptArchive(f"{name}: event {texts[0]} is not as it was sealed.")
    raise CorruptArchive(f"{name} is cut off.")
