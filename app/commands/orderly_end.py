"""SIGTERM and SIGHUP end a command as an error does, so that it removes its temporary files and ends its programs."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def orderly_end() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise SystemExit with the exit code of a shell, for as long as the context lasts.

    A signal that the shell has asked to ignore, as `nohup` does, stays ignored. A command may set handlers of its own.
    """
    if current_thread() is not main_thread():
        yield
        return
    numbers = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        for each in numbers:
            if signal.getsignal(each) is leave:
                signal.signal(each, signal.SIG_IGN)  # a second signal must not end the removal
        raise SystemExit(128 + number)

    for number in numbers:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number in numbers:
            if signal.getsignal(number) is leave:
                signal.signal(number, signal.SIG_DFL)
