"""The page that Prometheus reads."""

import time
from collections.abc import Iterator
from threading import Lock

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.metrics_core import InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from config import VERSION
from config.metrics import figures
from config.metrics.requests import RequestMetrics, build_request_metrics

__all__ = ["CONTENT_TYPE", "render_metrics"]

CACHE_SECONDS = 10.0  # seconds, so that frequent scrapes do not cost more queries


class DatabaseMetricsCache:
    """The cached metrics of the database. One thread queries and the others wait for it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.found: list[Metric] = []
        self.asked_at = float("-inf")

    def figures(self) -> list[Metric]:
        with self.lock:
            if time.monotonic() - self.asked_at >= CACHE_SECONDS:
                self.found = figures.collect_database_metrics()
                self.asked_at = time.monotonic()
            return self.found


database_metrics_cache = DatabaseMetricsCache()


class PatchbayCollector(Collector):
    def __init__(self, requests: RequestMetrics):
        self.requests = requests

    def collect(self) -> Iterator[Metric]:
        version = InfoMetricFamily("patchbay_build", "The version of this web.")
        version.add_metric((), {"version": VERSION})
        yield version
        yield from build_request_metrics(self.requests.all_rows())
        yield from database_metrics_cache.figures()


def render_metrics(requests: RequestMetrics) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(PatchbayCollector(requests))
    return generate_latest(registry)
