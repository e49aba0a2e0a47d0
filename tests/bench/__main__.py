"""Measure, and print one table. Fails when an answer is wrong, never because it was slow."""

import argparse
import os
import signal
import sys

from tests.bench import memory
from tests.bench.installation import MeasuredOrganization, create_installation
from tests.bench.table import RUNS, WrongAnswer, format_heading

MEASURE_NAMES = ("memory", "one", "list", "create", "provision", "preview", "many")


def main() -> int:
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that we tidy up
    try:
        lines = run_measures(options)
    except WrongAnswer as error:
        print(f"Wrong: {error}", file=sys.stderr)
        return 1
    print("\n".join([*lines, "", *build_notes(options)]))
    return 0


def run_measures(options: argparse.Namespace) -> list[str]:
    lines = measure_memory_lines(options) if "memory" in options.only else []
    if set(options.only) == {"memory"}:
        return lines
    print(f"Preparing {options.rows:,} numbers ...", flush=True)
    owner = MeasuredOrganization(create_installation(), options.rows)
    lines.append(format_heading())
    for measures in iterate_stages(owner, options):
        for run in range(options.runs):
            print(f"Run {run + 1} of {options.runs} ...", flush=True)
            for each in measures:
                each.run()
        lines += [line for each in measures for line in each.lines()]
    return lines


def measure_memory_lines(options: argparse.Namespace) -> list[str]:
    """First of all, with nothing beside it."""
    print(f"Starting `make up`, and waiting {options.idle:g} s ...", flush=True)
    return memory.measure_idle_memory(options.idle)


def iterate_stages(owner: MeasuredOrganization, options: argparse.Namespace):
    """First the web alone, as no worker may be busy meanwhile; then the worker."""
    from tests.bench.many import MillionRowList
    from tests.bench.previews import PreviewMeasure
    from tests.bench.provisioning import ProvisioningMeasure
    from tests.bench.reads_and_writes import WebMeasures

    wanted = [kind for kind in MEASURE_NAMES if kind in options.only]
    if set(wanted) - {"memory", "provision", "preview", "many"}:
        measures = WebMeasures(owner, options.seconds).measures()
        yield [measures[kind] for kind in wanted if kind in measures]
    if "provision" in wanted:
        yield [ProvisioningMeasure(owner, options.numbers).measure()]
    if "preview" in wanted:
        yield [PreviewMeasure(owner, options.preview)]
    if "many" in wanted:
        yield [MillionRowList(owner, options.many)]


def build_notes(options: argparse.Namespace) -> list[str]:
    return [
        f"{options.rows:,} numbers in one organization, {os.cpu_count()} cores, 8 connections; "
        f"medians of {options.runs} runs, rate limits off.",
        f"on screen: the list of {options.many:,} numbers in the browser, one request at a time.",
        "The sandbox makes no HTTP call, so nothing of the kind stands beside `provisioned`.",
    ]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="of each load (3)")
    parser.add_argument("--rows", type=int, default=20_000, help="numbers in the database (20000)")
    parser.add_argument("--numbers", type=int, default=400, help="provisioned in one run (400)")
    parser.add_argument(
        "--many", type=int, default=1_000_000, help="numbers for the screen's list (1000000)"
    )
    parser.add_argument(
        "--preview", type=int, default=100_000, help="rows of an import's preview (100000)"
    )
    parser.add_argument("--idle", type=float, default=60, help="seconds before memory (60)")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"medians of so many ({RUNS})")
    parser.add_argument(
        "--only", nargs="+", choices=MEASURE_NAMES, default=MEASURE_NAMES, help="these (all)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
