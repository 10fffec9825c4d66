"""Signals to a process that does not serve yet."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

_TO_END: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


@contextmanager
def end_at_once() -> Iterator[None]:
    """Let a signal to end the process do so at once; gunicorn would wait until the application is loaded."""
    before = {number: signal.signal(number, _end) for number in _TO_END}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(*_: object) -> NoReturn:
    sys.exit(0)
