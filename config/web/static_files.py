"""Static files with a compressed copy of each, which WhiteNoise serves to clients that accept
it."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from whitenoise.storage import CompressedStaticFilesStorage


class CompressChangedStorage(CompressedStaticFilesStorage):
    """Compresses only changed files. `make up` collects at each start, and compressing all files
    takes seconds."""

    def post_process(
        self, paths: Mapping[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        changed = {name: found for name, found in paths.items() if self.has_changed(name)}
        return super().post_process(changed, dry_run, **options)

    def has_changed(self, name: str) -> bool:
        path = self.path(name)
        try:
            return os.path.getmtime(f"{path}.gz") < os.path.getmtime(path)
        except OSError:  # no copy, because it compresses badly
            return True
