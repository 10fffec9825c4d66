"""The web process: the application on the database of the settings, opened as soon as it is available.

Commands do not import this module, because the application takes longer to import than they take to run.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from flask import Flask

import app.wire.explanations  # noqa: F401 - imported before gunicorn forks, so that no invalid request waits for it
from app.application import create_app
from app.database.failures import Passing, passing
from app.logs import configure_logs
from app.runs import upkeep
from app.settings import Settings
from app.start import open_database, prepare_for_plans, with_secret_key
from app.tidying import Tidying

Result = TypeVar("Result")
_log = structlog.get_logger("relink.start")

_PATIENCE_SECONDS = 30
_RETRY_SECONDS = 0.2


def application() -> Flask:
    """Return the application with the settings of the environment."""
    configure_logs()
    prepare_for_plans()
    settings = Settings.from_environment().for_web_process()
    engine = _when_available(lambda: open_database(settings))
    _when_available(lambda: upkeep.close_dead(engine))
    Tidying(engine, settings).start()
    made = create_app(with_secret_key(settings), engine)
    # The objects that exist now will stay, so no collection needs to look at them.
    gc.freeze()
    return made


def _when_available(work: Callable[[], Result]) -> Result:
    """Return what the work returns. While the database is not available, retry the work for half a minute.

    gunicorn stops the whole service when one of its worker processes fails to start, so a database that restarts at
    that moment must not make one fail.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    waits = False
    while True:
        try:
            return work()
        except Exception as error:
            if passing(error) is not Passing.AWAY or time.monotonic() > deadline:
                raise
        if not waits:
            _log.warning("the database is not available, waiting for it", seconds=_PATIENCE_SECONDS)
            waits = True
        time.sleep(_RETRY_SECONDS)
