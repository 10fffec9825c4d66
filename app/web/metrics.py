"""Counts and times of requests, by service, error number and HTTP status. Labels never contain a client's texts."""

from __future__ import annotations

import os

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

_log = structlog.get_logger("relink.metrics")

_REQUESTS = Counter("relink_requests_total", "Requests", ["service", "error_number", "status"])
_SECONDS = Histogram(
    "relink_request_seconds",
    "Time to the first byte of the response",
    ["service"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
)


def count_request(service: str, error_number: str, status: int, seconds: float) -> None:
    """Counts one request. A metrics file that cannot be opened, for lack of file descriptors, fails no request."""
    try:
        _REQUESTS.labels(service, error_number, str(status)).inc()
        _SECONDS.labels(service).observe(seconds)
    except OSError as error:
        _log.error("a request cannot be counted", reason=error.strerror)


def exposition() -> tuple[bytes, str]:
    """Returns the text format and its media type, for all worker processes if PROMETHEUS_MULTIPROC_DIR is set."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST
    return generate_latest(), CONTENT_TYPE_LATEST
