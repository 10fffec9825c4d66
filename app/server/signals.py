"""Signals to a process that is not serving yet."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

_TO_END: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def end_from_now_on() -> None:
    """Make SIGTERM and the like end the process at once, until other handlers are set.

    A new worker process inherits the handlers of gunicorn's main process, which would ignore these signals.
    """
    for number in _TO_END:
        signal.signal(number, _end)


@contextmanager
def end_at_once() -> Iterator[None]:
    """Make SIGTERM and the like end the process at once; gunicorn would wait until the application is loaded."""
    before = {number: signal.getsignal(number) for number in _TO_END}
    end_from_now_on()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(*_: object) -> NoReturn:
    sys.exit(0)
