"""The project's own files and routes."""

from collections.abc import Iterator
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

from config import BASE_DIR

APPS = ["organizations", "integrations", "carriers", "numbers"]  # each may import those before it


def python_files() -> Iterator[Path]:
    for folder in [*APPS, "config", "tests"]:
        for path in sorted((BASE_DIR / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def iterate_routes(
    resolver: URLResolver | None = None, prefix: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    """Every path with its parameters, and what stands there."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin" and prefix + str(pattern.pattern) != "accounts/":
                # The admin has a door of its own; the accounts are allauth's.
                yield from iterate_routes(pattern, path)
        else:
            yield path, pattern


def view_classes(pattern: URLPattern) -> list[type]:
    """The view's class; of a path that two dialects know, both."""
    choices = getattr(pattern.callback, "choices", (pattern.callback,))
    return [getattr(choice, "view_class", object) for choice in choices]
