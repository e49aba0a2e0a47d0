"""Static files with a compressed copy beside each, which WhiteNoise serves to who asks for it."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from whitenoise.storage import CompressedStaticFilesStorage


class CompressChangedStorage(CompressedStaticFilesStorage):
    """`make up` collects at each start; to compress all of them each time takes seconds."""

    def post_process(
        self, paths: Mapping[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        changed = {name: found for name, found in paths.items() if self.has_changed(name)}
        return super().post_process(changed, dry_run, **options)

    def has_changed(self, name: str) -> bool:
        path = self.path(name)
        try:
            return os.path.getmtime(f"{path}.gz") < os.path.getmtime(path)
        except OSError:  # one that compresses badly has no copy
            return True
