"""Kinds of exports. Apps register theirs in `AppConfig.ready()`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.exports.rows import escape_formula

ExportOptions = Mapping[str, Any]


@dataclass(frozen=True)
class ExportChunk:
    """Some rows, and the position after them as a JSON value."""

    rows: Sequence[Sequence[object]]
    place: Any


class ExportKind(ABC):
    """One list that can be exported. Its texts are in the active language and time zone."""

    permission: ClassVar[Permission]
    subject: ClassVar[str]  # in the audit log: "<subject>.exported"

    @abstractmethod
    def title(self, options: ExportOptions) -> str: ...

    @abstractmethod
    def file_name(self, options: ExportOptions) -> str:
        """Returns the file name without its extension."""

    @abstractmethod
    def header(self, by: Principal, options: ExportOptions) -> Sequence[str]: ...

    @abstractmethod
    def total(self, by: Principal, options: ExportOptions) -> int: ...

    @abstractmethod
    def portions(self, by: Principal, options: ExportOptions, after: Any) -> Iterator[ExportChunk]:
        """Yields the rows after the position `after`, or from the beginning (None), without
        repeating or omitting any."""

    def cell(self, value: object) -> str:
        """Returns the text of a CSV cell, which a spreadsheet does not treat as a formula."""
        return escape_formula(value)


_registry: dict[str, ExportKind] = {}


def register_export_kind(name: str, kind: ExportKind) -> None:
    _registry[name] = kind


def get_export_kind(name: str) -> ExportKind:
    """Returns a registered kind. Raises KeyError."""
    return _registry[name]
