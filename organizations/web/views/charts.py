"""Charts as data, from which a template draws SVG and a table with the same values.

All coordinates are text, because a template would write a number with the reader's decimal comma.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import floor, log10
from typing import Any

WIDTH, HEIGHT = 1000, 100  # of the drawing; the page stretches it, but not the width of its lines
AXIS_INTERVALS = 4
MAX_BARS = 8


def format_whole_number(value: float) -> str:
    return f"{value:,.0f}"


@dataclass(frozen=True)
class Series:
    """One line, or one part of the columns. A value is None if it is unknown. `tone` names its
    colour."""

    name: str
    values: Sequence[float | None]
    tone: str = "accent"


@dataclass(frozen=True)
class TimeChart:
    """Values over time. `labels` name the times, and `form` formats a value for people."""

    key: str
    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    form: Callable[[float], str] = format_whole_number
    least: float = 0  # the smallest interval of the axis; 1 for counts
    summary: str = ""
    nothing: str = ""
    moment: str = ""  # heading of the column with the labels
    ticks: list[float] = field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "ticks", axis_ticks(self.highest(), least=self.least))

    def highest(self) -> float:
        return max((value for line in self.series for value in known_values(line)), default=0)

    @property
    def is_empty(self) -> bool:
        return self.highest() == 0

    @property
    def axis(self) -> list[str]:
        """Returns the labels of the axis from top to bottom, at equal distances."""
        return [self.form(tick) for tick in reversed(self.ticks)]

    @property
    def grid(self) -> list[str]:
        return [self.height(tick) for tick in self.ticks]

    @property
    def moments(self) -> list[str]:
        """Returns the labels of the time axis: first, middle and last."""
        last = len(self.labels) - 1
        return [self.labels[at] for at in sorted({0, last // 2, last})] if self.labels else []

    @property
    def slots(self) -> list[tuple[str, str, str]]:
        """Returns x, width and tooltip of each time."""
        wide = WIDTH / max(1, len(self.labels))
        return [
            (format_coordinate(at * wide), format_coordinate(wide), f"{label}: {self.told(at)}")
            for at, label in enumerate(self.labels)
        ]

    def told(self, at: int) -> str:
        values = [(line.name, line.values[at]) for line in self.series]
        named = [f"{self.form(v)} {name}" for name, v in values if v is not None]
        return ", ".join(named) or "–"

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """Returns the rows of the table, newest first."""
        return [
            (label, [self.form(v) if v is not None else "–" for v in values])
            for label, *values in reversed(
                list(zip(self.labels, *(line.values for line in self.series), strict=True))
            )
        ]

    def height(self, value: float) -> str:
        return format_coordinate(HEIGHT - value / self.ticks[-1] * HEIGHT)


@dataclass(frozen=True)
class LineChart(TimeChart):
    is_filled: bool = False

    @property
    def paths(self) -> list[tuple[str, str, str, str]]:
        """Returns tone, line, isolated points and filled area ("" if not filled) of each series."""
        drawn = []
        for line in self.series:
            runs = list(continuous_runs(line.values))
            alone = "".join(self.stroke(run) for run in runs if len(run) == 1)
            area = "".join(map(self.area, runs)) if self.is_filled else ""
            drawn.append((line.tone, "".join(map(self.stroke, runs)), alone, area))
        return drawn

    def stroke(self, run: Sequence[tuple[int, float]]) -> str:
        points = [f"{self.middle(at)} {self.height(value)}" for at, value in run]
        return f"M{'L'.join(points)}{'h.01' if len(points) == 1 else ''}"

    def area(self, run: Sequence[tuple[int, float]]) -> str:
        return f"{self.stroke(run)}L{self.middle(run[-1][0])} {HEIGHT}H{self.middle(run[0][0])}Z"

    def middle(self, at: int) -> str:
        return format_coordinate((at + 0.5) * WIDTH / len(self.labels))


@dataclass(frozen=True)
class StackedColumnChart(TimeChart):
    """A stacked chart, with the first series at the bottom."""

    def highest(self) -> float:
        stacks = zip(*(line.values for line in self.series), strict=True)
        return max((sum(v or 0 for v in stack) for stack in stacks), default=0)

    @property
    def boxes(self) -> list[tuple[str, str, str, str, str]]:
        """Returns tone, x, y, width and height of each box."""
        wide, below, drawn = WIDTH / max(1, len(self.labels)), [0.0] * len(self.labels), []
        for line in self.series:
            for at, value in enumerate(line.values):
                if value:
                    below[at] += value
                    tall = format_coordinate(value / self.ticks[-1] * HEIGHT)
                    place = (
                        format_coordinate((at + 0.1) * wide),
                        self.height(below[at]),
                        format_coordinate(wide * 0.8),
                    )
                    drawn.append((line.tone, *place, tall))
        return drawn


@dataclass(frozen=True)
class Bar:
    label: str
    count: int
    share: str  # percentage of the longest bar
    url: str = ""


@dataclass(frozen=True)
class BarChart:
    """Counts of things: the most frequent ones, and the rest as one bar."""

    key: str
    title: str
    thing: str  # heading of their column
    rows: Sequence[Bar]
    nothing: str = ""
    counted: str = ""


def build_bars(counted: Iterable[tuple[str, int, str]], *, others: str) -> list[Bar]:
    """Returns bars for the MAX_BARS most frequent of (label, count, url), and one for the
    `others`."""
    ordered = sorted(counted, key=lambda row: -row[1])
    rest = sum(count for _label, count, _url in ordered[MAX_BARS:])
    shown = [*ordered[:MAX_BARS], *([(others, rest, "")] if rest else [])]
    most = max((count for _label, count, _url in shown), default=1)
    return [
        Bar(label, count, format_coordinate(100 * count / most), url) for label, count, url in shown
    ]


def axis_ticks(highest: float, *, least: float = 0) -> list[float]:
    """Returns ticks from 0 to at least `highest`, at intervals of 1, 2, 2.5 or 5 times a power of
    ten."""
    rough = max(highest / AXIS_INTERVALS, least, 1e-9)
    size = 10 ** floor(log10(rough))
    interval = next(size * nice for nice in (1, 2, 2.5, 5, 10) if size * nice >= rough * 0.999)
    if least == 1:
        interval = max(1, round(interval))
    count = max(1, -int(-highest // interval))
    return [interval * at for at in range(count + 1)]


def known_values(line: Series) -> list[float]:
    return [value for value in line.values if value is not None]


def continuous_runs(values: Sequence[float | None]) -> Iterable[list[tuple[int, float]]]:
    run: list[tuple[int, float]] = []
    for at, value in enumerate([*values, None]):
        if value is not None:
            run.append((at, value))
        elif run:
            yield run
            run = []


def format_coordinate(number: Any) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
