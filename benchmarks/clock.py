"""Measures how the time of a call is spent on its parts."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass
class Spent:
    """The time of a part: by the clock, and on the processor in this process. The database works in the difference."""

    seconds: float = 0.0
    processor: float = 0.0


class Clock:
    """Adds up the time of each part, without that of the parts within it. Time in no part is `rest`."""

    def __init__(self, rest: str) -> None:
        self._spent: dict[str, Spent] = defaultdict(Spent)
        self._parts = [rest]
        self._since = time.perf_counter(), time.process_time()

    def call(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, whose calls are a part."""
        return self.choose(lambda *_: part, function)

    def choose(self, part_of: Callable[..., str], function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function, whose calls are a part that depends on the arguments."""

        def timed(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - any function
            self._enter(part_of(*arguments))
            try:
                return function(*arguments, **options)
            finally:
                self._leave()

        return timed

    def steps(self, part: str, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """Return the generator function, whose steps are a part."""

        def timed(*arguments: Any) -> Iterator[Any]:  # noqa: ANN401 - any function
            values = function(*arguments)
            step = self.call(part, lambda: next(values, None))
            while (value := step()) is not None:
                yield value

        return timed

    def stop(self) -> dict[str, Spent]:
        """Return the time of each part, the longest first."""
        self._add()
        return dict(sorted(self._spent.items(), key=lambda each: -each[1].seconds))

    def _enter(self, part: str) -> None:
        self._add()
        self._parts.append(part)

    def _leave(self) -> None:
        self._add()
        self._parts.pop()

    def _add(self) -> None:
        now = time.perf_counter(), time.process_time()
        spent = self._spent[self._parts[-1]]
        spent.seconds += now[0] - self._since[0]
        spent.processor += now[1] - self._since[1]
        self._since = now
