"""Counting the statements that are sent to the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

_PING = ";"
_COMMENT = re.compile(r"\s*--.*\n")


class Statements:
    """The statements that this process sends to one database, by whichever library and in whichever thread.

    Without the pool's ping, without comments, and without BEGIN and COMMIT, which psycopg mostly sends by itself. A
    statement that is executed with a list of parameters counts once.
    """

    def __init__(self, database: str | None, patch: pytest.MonkeyPatch) -> None:
        self._database = database
        self._sent: list[str] | None = None
        for kind in (psycopg.Cursor, psycopg.ServerCursor):
            for method in ("execute", "executemany", "copy"):
                if method in vars(kind):
                    patch.setattr(kind, method, self._noting(vars(kind)[method]))

    @contextmanager
    def sent(self) -> Iterator[list[str]]:
        """A list that has each statement that is sent as long as the context lasts."""
        self._sent = []
        yield self._sent
        self._sent = None

    def _noting(self, method: Any) -> Any:  # noqa: ANN401 - a method of psycopg
        def note(cursor: psycopg.Cursor[Any], query: object, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401
            is_counted = query != _PING and not str(query).startswith(("BEGIN", "COMMIT"))
            if self._sent is not None and is_counted and cursor.connection.info.dbname == self._database:
                self._sent.append(_COMMENT.sub("\n", str(query)).strip())
            return method(cursor, query, *arguments, **options)

        return note
