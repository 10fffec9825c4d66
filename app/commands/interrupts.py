"""Ctrl-C while a command waits: it is counted, and the code that waits decides what it means."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread, current_thread, main_thread
from types import FrameType, TracebackType
from typing import Generic, TypeVar

_LOOK_EVERY = 0.05

T = TypeVar("T")


class Interrupted(Exception):  # noqa: N818 - not an error
    """Ctrl-C was pressed. Raised only by the methods of `Interrupts`, so that nothing is left half done."""


class Work(Generic[T]):
    """A function that runs in a thread of its own. The command may stop waiting for it, and wait again later."""

    def __init__(self, function: Callable[[], T]) -> None:
        self._result: SimpleQueue[T | Exception] = SimpleQueue()
        self._thread = Thread(target=self._run, args=(function,), daemon=True)
        self._thread.start()

    def result(self, seconds: float) -> T:
        """Return what the function returns, or raise what it raises. Raises Empty if that takes longer."""
        found = self._result.get(timeout=seconds)
        if isinstance(found, Exception):
            raise found
        return found

    def _run(self, function: Callable[[], T]) -> None:
        try:
            self._result.put(function())
        except Exception as error:
            self._result.put(error)


class Interrupts:
    """Counts Ctrl-C while the context lasts, instead of raising KeyboardInterrupt anywhere."""

    def __init__(self) -> None:
        self._pressed = 0
        self._raised = 0
        self._before: object = None

    def __enter__(self) -> Interrupts:
        self._before = signal.getsignal(signal.SIGINT)
        if self._is_ours():
            signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: object, _traceback: TracebackType | None) -> None:
        if self._is_ours():
            signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]

    def check(self) -> None:
        """Raise Interrupted if Ctrl-C was pressed since the last time."""
        if self._pressed > self._raised:
            self._raised += 1
            raise Interrupted

    def pause(self, seconds: float) -> None:
        """Wait. Raises Interrupted."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            time.sleep(min(_LOOK_EVERY, max(0.0, until - time.monotonic())))
        self.check()

    def wait(self, work: Work[T], until: float | None = None) -> T:
        """Return the result of work. Raises its error, Interrupted, or TimeoutError at `until` (monotonic clock)."""
        while True:
            self.check()
            try:
                return work.result(_LOOK_EVERY)
            except Empty:
                if until is not None and time.monotonic() >= until:
                    raise TimeoutError from None

    def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns. Raises Interrupted at once, whatever the function is waiting for."""
        return self.wait(Work(function))

    def _is_ours(self) -> bool:
        """Whether this thread may handle signals, and the shell has not asked to ignore this one."""
        return current_thread() is main_thread() and self._before not in (signal.SIG_IGN, None)

    def _press(self, _number: int, _frame: FrameType | None) -> None:
        self._pressed += 1
