"""Count requests in Prometheus format, summed over all worker processes."""

from __future__ import annotations

import os
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["MULTIPROCESS", "Metrics"]

MULTIPROCESS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of the folder with the counters of several processes."""

_BUCKETS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5.0, 10.0, 30.0,
)  # fmt: skip
_METHODS: Final = frozenset({"GET", "POST", "HEAD", "OPTIONS"})


class Metrics:
    """Metrics: requests by route and status, latencies, and number of served runs."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        names = ("method", "route", "status")
        self._requests = Counter(
            "service_requests_total", "Requests answered.", names, registry=self.registry
        )
        self._seconds = Histogram(
            "service_request_seconds",
            "Time to answer a request.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._loads = Gauge(
            "service_snapshot_runs",
            "Runs that are being served.",
            registry=self.registry,
            multiprocess_mode="mostrecent",
        )
        ProcessCollector(registry=self.registry)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; arbitrary methods and paths of clients do not create new series."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def serving(self, runs: int) -> None:
        """Set the number of served runs."""
        self._loads.set(runs)

    def text(self) -> tuple[bytes, str]:
        """All metrics as text, and the media type."""
        registry = self.registry
        if MULTIPROCESS in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST
