"""Counts and durations of requests, over all processes of this web.

Each process counts in memory and writes its counts to a file of its own, in a folder that it shares
with the other processes of the same granian. The process that is scraped adds up the files. The
file of an ended process stays, because a counter must not decrease. No request waits for the disk.
"""

import json
import logging
import multiprocessing
import os
import secrets
import shutil
import stat
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric

logger = logging.getLogger(__name__)

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
SUM_INDEX = len(BUCKETS) + 1  # index of the sum of seconds, after the buckets and the overflow
WRITE_INTERVAL = 1.0  # seconds
FOLDER_PREFIX = "patchbay-metrics-"

RequestKey = tuple[str, str, str]  # method, route and status
RequestCounts = dict[RequestKey, list[float]]


class RequestMetrics:
    """The counts of this process. `folder` is None if they are not shared."""

    def __init__(self, folder: Path | None = None):
        self.rows: RequestCounts = {}
        self.lock = threading.Lock()
        self.folder, self.name = folder, f"{os.getpid()}-{secrets.token_hex(4)}"
        self.is_written = True
        if folder:
            threading.Thread(target=self.write_for_ever, name="metrics", daemon=True).start()

    def note(self, key: RequestKey, seconds: float) -> None:
        with self.lock:
            row = self.rows.setdefault(key, [0.0] * (SUM_INDEX + 1))
            row[bisect_left(BUCKETS, seconds)] += 1
            row[SUM_INDEX] += seconds
            self.is_written = False

    def write_for_ever(self) -> None:
        while True:
            time.sleep(WRITE_INTERVAL)
            if not self.is_written:
                with suppress(OSError):  # the disk is full; the counts stay in memory
                    self.write()

    def write(self) -> None:
        with self.lock:
            rows = [[*key, row] for key, row in self.rows.items()]
            self.is_written = True
        text = json.dumps(rows)
        new = self.folder / f"{self.name}.new"
        new.write_text(text)
        new.replace(self.folder / f"{self.name}.json")

    def all_rows(self) -> RequestCounts:
        """Returns the counts of all processes."""
        with self.lock:
            total = {key: [*row] for key, row in self.rows.items()}
        for path in self.folder.glob("*.json") if self.folder else ():
            if path.stem != self.name:
                add_request_counts(total, read_request_counts(path))
        return total


def read_request_counts(path: Path) -> RequestCounts:
    """Returns the counts in the file, or none if it is unreadable or incomplete."""
    try:
        rows = {tuple(key): row for *key, row in json.loads(path.read_text())}
    except (OSError, ValueError, TypeError):
        return {}
    return {key: row for key, row in rows.items() if len(key) == 3 and len(row) == SUM_INDEX + 1}


def add_request_counts(total: RequestCounts, more: RequestCounts) -> None:
    for key, row in more.items():
        known = total.get(key, [0.0] * len(row))
        total[key] = [one + other for one, other in zip(known, row, strict=True)]


def build_request_metrics(rows: RequestCounts) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "patchbay_http_requests",
        "Requests answered, by the route that they matched.",
        labels=("method", "route", "status"),
    )
    durations: dict[tuple[str, str], list[float]] = {}
    for (method, route, status), row in sorted(rows.items()):
        requests.add_metric((method, route, status), sum(row[:SUM_INDEX]))
        add_request_counts(durations, {(method, route): row})
    yield requests
    histogram = HistogramMetricFamily(
        "patchbay_http_request_duration_seconds",
        "How long requests took, to the first byte of the answer.",
        labels=("method", "route"),
    )
    for labels, row in durations.items():
        histogram.add_metric(labels, [*cumulative_buckets(row)], row[SUM_INDEX])
    yield histogram


def cumulative_buckets(row: list[float]) -> Iterator[tuple[str, float]]:
    """Yields each bucket with the count of all up to it, as Prometheus expects."""
    so_far = 0.0
    for bound, count in zip((*BUCKETS, "+Inf"), row, strict=False):
        so_far += count
        yield str(bound), so_far


def shared_metrics_folder() -> Path | None:
    """Returns the folder of the granian that started this process, or None without a parent or if
    the folder is not writable."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return None
    here = Path(tempfile.gettempdir())
    folder = here / f"{FOLDER_PREFIX}{parent.pid}-{process_start_time(parent.pid)}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        logger.warning("Requests are counted by each process for itself: %s", error)
        return None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        logger.warning("Requests are counted by each process for itself: %s is not ours", folder)
        return None
    delete_stale_folders(here, folder)
    return folder


def process_start_time(pid: int) -> str:
    """Returns the start time of the process, because process ids are reused."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return "0"


def delete_stale_folders(here: Path, ours: Path) -> None:
    for path in here.glob(f"{FOLDER_PREFIX}*"):
        pid, _, since = path.name.removeprefix(FOLDER_PREFIX).partition("-")
        if path != ours and not (pid.isdigit() and process_start_time(int(pid)) == since != "0"):
            shutil.rmtree(path, ignore_errors=True)
