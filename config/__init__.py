"""The project: settings, URLs, the Celery application and the supervisor. Every entry point imports
this package first."""

from pathlib import Path

import numbers

VERSION = "0.1.0"
BASE_DIR = Path(__file__).resolve().parent.parent

# `numbers` is also a module of Python's standard library, which `decimal` needs. This line gives
# that module a path, so `numbers.models` is ours while `numbers.Number` stays Python's
# (docs/architecture.md).
numbers.__path__ = [str(BASE_DIR / "numbers")]
