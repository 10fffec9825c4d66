"""What a failure of the database means to whoever asked."""

from __future__ import annotations

from enum import Enum

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_CONFLICT = ("40", "55P03", "57014")
_AWAY = ("08", "57P", "53")


class Passing(Enum):
    """A failure that a new try may get past: others are changing the same rows, or the database is away or full."""

    CONFLICT = "conflict"
    AWAY = "away"


def passing(error: BaseException | None) -> Passing | None:
    """How an error will pass; None where it is no failure of the database, or is one that comes again."""
    if isinstance(error, PoolTimeoutError):
        return Passing.AWAY
    original = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(original, psycopg.Error):
        return None
    state = original.sqlstate
    if state is None:
        return Passing.AWAY if isinstance(original, psycopg.OperationalError | psycopg.InterfaceError) else None
    if state.startswith(_CONFLICT):
        return Passing.CONFLICT
    return Passing.AWAY if state.startswith(_AWAY) else None
