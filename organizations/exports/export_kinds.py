"""What can be exported. Apps register theirs, in `AppConfig.ready()`."""

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
    """Some rows, and the place behind them, as JSON has it."""

    rows: Sequence[Sequence[object]]
    place: Any


class ExportKind(ABC):
    """One list. What it hands out is in the language and the zone that are set."""

    permission: ClassVar[Permission]
    subject: ClassVar[str]  # of the audit log: "<subject>.exported"

    @abstractmethod
    def title(self, options: ExportOptions) -> str: ...

    @abstractmethod
    def file_name(self, options: ExportOptions) -> str:
        """Without its ending."""

    @abstractmethod
    def header(self, by: Principal, options: ExportOptions) -> Sequence[str]: ...

    @abstractmethod
    def total(self, by: Principal, options: ExportOptions) -> int: ...

    @abstractmethod
    def portions(self, by: Principal, options: ExportOptions, after: Any) -> Iterator[ExportChunk]:
        """Behind the place `after`, or from the beginning (None); nothing twice or left out."""

    def cell(self, value: object) -> str:
        """Of a CSV file, harmless in a spreadsheet."""
        return escape_formula(value)


_registry: dict[str, ExportKind] = {}


def register_export_kind(name: str, kind: ExportKind) -> None:
    _registry[name] = kind


def get_export_kind(name: str) -> ExportKind:
    """Raises KeyError."""
    return _registry[name]
