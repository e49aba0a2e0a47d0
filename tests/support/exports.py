"""Exports as people make them: asked for, made by a worker, downloaded."""

from typing import Any

from organizations.exports import export_runner
from organizations.models import Export


def run_pending_exports() -> None:
    """Until nothing is left to write."""
    moving = Export.objects.filter(state__in=["waiting", "running"])
    while export := moving.filter(lease_until=None).first():
        export_runner.run_export_slice(export.pk)


def download_export(browser, path: str, form: dict[str, str] | None = None, **asked: Any) -> bytes:
    """What the form at `path` asks for; `asked` is of that request alone."""
    answer = browser.post(path, form or {}, **asked)
    assert answer.status_code == 302, answer.text
    run_pending_exports()
    file = browser.get(f"{answer['Location']}file/")
    assert file.status_code == 200, file
    data = file.getvalue()
    assert int(file["Content-Length"]) == len(data)
    return data
