"""What can be exported. Apps register theirs, in `AppConfig.ready()`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from organizations.access.principals import Principal
from organizations.access.roles import Permission
from organizations.exports.rows import safe_cell

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Portion:
    """Some rows, and the place behind them, as JSON has it."""

    rows: Sequence[Sequence[object]]
    place: Any


class Kind(ABC):
    """One list. What it hands out is in the language and the zone that are set."""

    permission: ClassVar[Permission]
    subject: ClassVar[str]  # of the audit log: "<subject>.exported"

    @abstractmethod
    def title(self, options: Options) -> str: ...

    @abstractmethod
    def file_name(self, options: Options) -> str:
        """Without its ending."""

    @abstractmethod
    def header(self, by: Principal, options: Options) -> Sequence[str]: ...

    @abstractmethod
    def total(self, by: Principal, options: Options) -> int: ...

    @abstractmethod
    def portions(self, by: Principal, options: Options, after: Any) -> Iterator[Portion]:
        """Behind the place `after`, or from the beginning (None); nothing twice or left out."""

    def cell(self, value: object) -> str:
        """Of a CSV file, harmless in a spreadsheet."""
        return safe_cell(value)


_registry: dict[str, Kind] = {}


def register(name: str, kind: Kind) -> None:
    _registry[name] = kind


def kind_of(name: str) -> Kind:
    """Raises KeyError."""
    return _registry[name]
