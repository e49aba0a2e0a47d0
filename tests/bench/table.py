"""What is measured, how often, and the table in the end."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median, quantiles

from tests.bench.http_load import LoadResult

RUNS = 3
WIDTHS = "{:<12} {:>10} {:>8} {:>8}   {:<32} {:>10} {:>6}"


class WrongAnswer(Exception):
    """Something was answered that is not true; how fast does not matter then."""


@dataclass
class Measure:
    """Patchbay's rate, and the rates of what stands beside it."""

    name: str
    ours: Callable[[], LoadResult]
    beside: dict[str, Callable[[], float]]
    loads: list[LoadResult] = field(default_factory=list)
    rates: dict[str, list[float]] = field(default_factory=dict)

    def run(self) -> None:
        load = self.ours()
        if load.wrong:
            raise WrongAnswer(f"{self.name}: {load.wrong}")
        self.loads.append(load)
        for label, contender in self.beside.items():
            self.rates.setdefault(label, []).append(contender())

    def lines(self) -> list[str]:
        rate = median(load.per_second for load in self.loads)
        ours = [self.name, f"{rate:,.0f}", *self.milliseconds()]
        lines = []
        for label, rates in self.rates.items():
            raw = median(rates)
            lines.append(WIDTHS.format(*ours, label, f"{raw:,.0f}", f"{rate / raw:.2f}"))
            ours = [""] * 4
        return lines

    def milliseconds(self) -> list[str]:
        """Of all runs together: what half of the answers, and 99 of 100, took at most."""
        times = [time for load in self.loads for time in load.times if time]
        if len(times) < 2:
            return ["", ""]
        cuts = quantiles(times, n=100)
        return [f"{cuts[49] * 1000:.1f}", f"{cuts[98] * 1000:.1f}"]


def format_heading() -> str:
    columns = ("what", "Patchbay/s", "p50 ms", "p99 ms", "beside it", "per second", "ratio")
    return WIDTHS.format(*columns)
