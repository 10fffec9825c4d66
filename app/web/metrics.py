"""The metrics of this process: counts and times of requests, and the use of the connection pool.

Labels are services, error numbers and HTTP statuses. They never contain a client's texts.
"""

from __future__ import annotations

import os
from weakref import WeakSet

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

_log = structlog.get_logger("relink.metrics")

_REQUESTS = Counter("relink_requests_total", "Requests", ["service", "error_number", "status"])
_SECONDS = Histogram(
    "relink_request_seconds",
    "Time to the first byte of the response",
    ["service"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300),
)
# With a label, so that its file is made where it is first used, in a worker, and not where this module is imported.
_CONNECTIONS = Gauge(
    "relink_pool_connections",
    "Connections to the database: in use, and the most that may be open",
    ["state"],
    multiprocess_mode="livesum",
)
_counted: WeakSet[Engine] = WeakSet()
_in_use: set[ConnectionPoolEntry] = set()


def count_request(service: str, error_number: str, status: int, seconds: float) -> None:
    """Count one request. A metrics file that cannot be opened, for lack of file descriptors, fails no request."""
    try:
        _REQUESTS.labels(service, error_number, str(status)).inc()
        _SECONDS.labels(service).observe(seconds)
    except OSError as error:
        _log.error("a request cannot be counted", reason=error.strerror)


def count_connections(engine: Engine) -> None:
    """Count the connections of an engine from now on, however often it is called for the same engine."""
    if engine in _counted:
        return
    _counted.add(engine)
    if isinstance(engine.pool, QueuePool):
        _CONNECTIONS.labels("most").inc(engine.pool.size())
    _CONNECTIONS.labels("in use")
    event.listen(engine, "checkout", _taken)
    event.listen(engine, "checkin", _returned)


def _taken(_: object, record: ConnectionPoolEntry, __: object) -> None:
    _in_use.add(record)
    _CONNECTIONS.labels("in use").inc()


def _returned(_: object, record: ConnectionPoolEntry) -> None:
    # A connection that was taken before its engine was counted has not been counted.
    if record in _in_use:
        _in_use.discard(record)
        _CONNECTIONS.labels("in use").dec()


def exposition(more: Collector) -> tuple[bytes, str]:
    """Return the text format with the metrics of another collector too, and its media type.

    It has the metrics of all worker processes if PROMETHEUS_MULTIPROC_DIR is set.
    """
    others = CollectorRegistry()
    others.register(more)
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        processes = CollectorRegistry()
        MultiProcessCollector(processes)  # type: ignore[no-untyped-call]
    else:
        processes = REGISTRY
    return generate_latest(processes) + generate_latest(others), CONTENT_TYPE_LATEST
