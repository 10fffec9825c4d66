"""Periodic clean-up, done by workers and also by web processes, since there may be no worker."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.database.failures import explained
from app.identity import audit, sessions, sign_in
from app.runs import upkeep
from app.settings import Settings
from app.solutions.wizard import sessions as wizard_sessions

_OFTEN: Final = 10.0
_SELDOM: Final = 60
"""One round in this many also deletes old rows of the audit."""

_log = structlog.get_logger("relink.tidying")


def tidy_runs(engine: Engine, settings: Settings, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Record dead runs as interrupted, and delete runs whose retention time is over. See `app.runs.upkeep`."""
    upkeep.close_dead(engine)
    deleted = upkeep.delete_old(engine, settings.run_retention_days, stop=stop)
    if deleted:
        _log.info("old runs deleted", count=deleted)


def tidy_audit(engine: Engine, settings: Settings, *, stop: Callable[[], bool] = lambda: False) -> None:
    """Delete old rows of the audit, networks that nobody has signed in from lately, and sessions that have ended.

    Moves of instances are kept as long as runs are.
    """
    days_of_moves = settings.run_retention_days
    audit.delete_old(engine, settings.audit_retention_days, days_of_moves=days_of_moves, stop=stop)
    sign_in.forget_networks(engine)
    sessions.forget_sessions(engine)
    wizard_sessions.forget_sessions(engine, stop=stop)


class Tidying:
    """A thread of a web process that cleans up while the process lives."""

    def __init__(self, engine: Engine, settings: Settings, *, every: float = _OFTEN) -> None:
        self._engine = engine
        self._settings = settings
        self._every = every
        self._ending = Event()
        self._thread = Thread(target=self._run, name="tidying", daemon=True)

    def start(self) -> None:
        """Start the thread. The first round begins after a pause."""
        self._thread.start()

    def end(self) -> None:
        """End the thread after its current work."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        times = 0
        while not self._ending.wait(self._every):
            try:
                tidy_runs(self._engine, self._settings, stop=self._ending.is_set)
                if times % _SELDOM == 0:
                    tidy_audit(self._engine, self._settings, stop=self._ending.is_set)
                times += 1
            except SQLAlchemyError as error:
                _log.warning("the database cannot be used", reason=explained(error))
