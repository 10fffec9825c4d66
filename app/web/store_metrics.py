"""Figures of the store for `/metrics`: runs, instances, messages and workers. They are the same in all processes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.database.connection import short_statements
from app.runs.figures import RunFigures, read_run_figures
from app.runs.queued import Workers, read_workers
from app.solutions.instances.counting import Behind, count_behind
from app.solutions.messages import Undelivered, count_undelivered

KEPT_SECONDS: Final = 10.0
"""The figures are read again after this time, however often they are asked for."""

_STATEMENT_SECONDS = 2.0


@dataclass(frozen=True)
class _Figures:
    runs: RunFigures
    behind: Behind
    messages: Undelivered
    workers: Workers


class StoreMetrics(Collector):
    """Collects the figures of the store. If the database is away, it says only that."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = Lock()
        self._read_at: float | None = None
        self._figures: _Figures | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield the figures, which are at most `KEPT_SECONDS` old unless another thread is just reading them."""
        if self._lock.acquire(blocking=False):
            try:
                if self._read_at is None or time.monotonic() - self._read_at > KEPT_SECONDS:
                    self._figures = self._read()
                    self._read_at = time.monotonic()
            finally:
                self._lock.release()
        figures = self._figures
        yield GaugeMetricFamily(
            "relink_database_up", "Whether the database has returned the figures", value=int(figures is not None)
        )
        if figures is not None:
            yield from _runs(figures.runs)
            yield from _instances(figures.behind)
            yield from _messages(figures.messages)
            yield GaugeMetricFamily(
                "relink_workers_alive",
                "Workers with a sign of life in the last 30 seconds",
                value=figures.workers.alive,
            )

    def _read(self) -> _Figures | None:
        try:
            with short_statements(_STATEMENT_SECONDS), self._engine.begin() as connection:
                return _Figures(
                    read_run_figures(connection),
                    count_behind(connection),
                    count_undelivered(connection),
                    read_workers(connection),
                )
        except SQLAlchemyError:
            return None


def _runs(runs: RunFigures) -> Iterator[Metric]:
    family = GaugeMetricFamily("relink_runs", "Runs that are kept, by state", labels=["state"])
    for state, count in runs.by_state.items():
        family.add_metric([state.value], count)
    yield family
    yield GaugeMetricFamily(
        "relink_run_queued_seconds", "How long the oldest queued run has waited", value=_seconds(runs.oldest_queued)
    )
    yield CounterMetricFamily(
        "relink_run_outcomes", "Nodes that runs have updated, and instances that they have moved", value=runs.outcomes
    )


def _instances(behind: Behind) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "relink_instances_waiting",
        "Instances behind the latest release that do not move by themselves",
        labels=["reason"],
    )
    for reason, count in (("held", behind.held), ("input", behind.need_input), ("failing", behind.failing)):
        family.add_metric([reason], count)
    yield family


def _messages(messages: Undelivered) -> Iterator[Metric]:
    yield GaugeMetricFamily("relink_messages_waiting", "Messages that are not delivered yet", value=messages.waiting)
    yield GaugeMetricFamily(
        "relink_message_waiting_seconds", "How long the oldest of them has waited", value=_seconds(messages.oldest)
    )
    yield GaugeMetricFamily("relink_messages_given_up", "Messages that were given up", value=messages.given_up)


def _seconds(since: datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (datetime.now(UTC) - since).total_seconds())
