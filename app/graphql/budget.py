"""Limits the size of a response while it is built.

The limits of a query do not bound its response: an entry of a list may have any number of slots, with values of any
size, and an alias repeats them. So every field is counted with its size in the JSON document before the next one is
resolved, and no response grows larger than the process can bear.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from graphql import GraphQLResolveInfo

from app.errors import BusyError

MOST_VALUES: Final = 250_000
"""The maximum number of fields and list entries. Each takes memory, however short it is in JSON."""
LARGE_BYTES: Final = 1024 * 1024
LARGE_VALUES: Final = 25_000
"""A response above this size is large. A process builds only a few large responses at once, since each takes many times
its size in memory."""

_PUNCTUATION = 6
_TIME = 28


class ResponseTooLarge(BaseException):
    """Ends an execution at once. An error of a field would only make that field null, and execution would continue."""


class NoTurn(BaseException):
    """Ends an execution at once, because other large responses use all the memory for large responses."""

    def __init__(self, cause: BusyError) -> None:
        super().__init__(cause.description)
        self.cause = cause


def _no_limit() -> None:
    """Allow any response to become large."""


@dataclass
class Budget:
    """The size that a response may still use. Values that are read for it count too, before they are read.

    `before_large` is called once, before the response becomes large; it raises BusyError to prevent that.
    """

    most_bytes: int
    before_large: Callable[[], None] = _no_limit
    _is_large: bool = False
    _bytes: int = 0
    _values: int = 0
    _bytes_read: int = 0

    @property
    def reason(self) -> str:
        """Why the response is refused, and what the client can do about it."""
        return (
            f"the response would have more than {self.most_bytes} bytes or {MOST_VALUES} values:"
            " ask for fewer entries with first or last, or for fewer fields"
        )

    def read(self, size: int) -> None:
        """Count bytes that are about to be read. Raises ResponseTooLarge."""
        self._bytes_read += size
        self._check_large()
        if self._bytes_read > self.most_bytes:
            raise ResponseTooLarge

    def resolve(
        self,
        next_resolver: Callable[..., Any],
        source: object,
        info: GraphQLResolveInfo[Any],
        /,
        **arguments: Any,  # noqa: ANN401 - whatever the field takes
    ) -> object:
        """Resolve a field and count it, as a middleware of graphql-core. Raises ResponseTooLarge."""
        value: object = next_resolver(source, info, **arguments)
        self._values += 1 + (len(value) if isinstance(value, list | tuple) else 0)
        self._bytes += len(str(info.path.key)) + _PUNCTUATION + _size(value)
        self._check_large()
        if self._bytes > self.most_bytes or self._values > MOST_VALUES:
            raise ResponseTooLarge
        return value

    def _check_large(self) -> None:
        if self._is_large or (max(self._bytes, self._bytes_read) <= LARGE_BYTES and self._values <= LARGE_VALUES):
            return
        self._is_large = True
        try:
            self.before_large()
        except BusyError as error:
            raise NoTurn(error) from None


def _size(value: object) -> int:
    """Return how many bytes a value takes in JSON, without its own fields."""
    match value:
        case str():
            return len(json.dumps(value))
        case list() | tuple():
            return 2 + sum(2 + _size(entry) for entry in value)
        case datetime():
            return _TIME
        case int() | None:
            return len(str(value))
    return 2
