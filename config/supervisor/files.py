"""Files that only their owner can read."""

import os
from pathlib import Path


def write_private_file(path: Path, text: str) -> None:
    """Writes a file with mode 0600 atomically. Root makes the folder's owner its owner."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
        if os.geteuid() == 0:
            folder = path.parent.stat()
            os.fchown(descriptor, folder.st_uid, folder.st_gid)
    unfinished.replace(path)


def read_untrusted_file(path: Path) -> str:
    """Returns the text of a regular file from a less privileged account, at most 64 kB.

    Raises OSError if the file is a link, which may lead to what only root can read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor) as file:
        return file.read(65536)
