"""Explains failures of the database to the client that sent a request, and to the operator of the service."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import psycopg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from app.database.connection import DatabaseBusyError, LockedError
from app.database.disk import full_disk
from app.database.pulse import DatabaseHangsError
from app.text import counted

_log = structlog.get_logger("relink.database")


class Passing(Enum):
    """When a retry may succeed: after a conflict over the same rows, or when the database is available again."""

    CONFLICT = "conflict"
    AWAY = "away"


@dataclass(frozen=True)
class Failure:
    """The explanation of a failure.

    `message` is for the client, `advice` for the operator of the service. `passing` is None if a retry would fail
    again; otherwise the client may retry after `retry_after` seconds.
    """

    message: str
    advice: str = ""
    passing: Passing | None = Passing.AWAY
    retry_after: int = 5

    @property
    def description(self) -> str:
        """The message for the client, with advice."""
        match self.passing:
            case Passing.AWAY:
                return f"{self.message}: try again in {counted(self.retry_after, 'second')}"
            case Passing.CONFLICT:
                return f"{self.message}: try again"
            case None:
                return f"{self.message}: the operator of the service must correct this"


_AWAY: Final = Failure("the database is not available")
_CONFLICT: Final = Failure("others are changing the same data", passing=Passing.CONFLICT)
_HANGS: Final = Failure("the database does not respond")
_BUSY: Final = Failure(
    "the database is busy",
    "a statement took too long: another session holds a lock for a long time, such as a backup or a change of a table,"
    " or the database has too much to do",
)
_NO_CONNECTION: Final = Failure(
    "the service has no free connection to the database", "raise RELINK_POOL_SIZE if this lasts"
)
_SIGN_IN: Final = Failure(
    "the database does not accept the service", "check user and password in RELINK_DATABASE_URL", retry_after=30
)
_NO_DATABASE: Final = Failure(
    "the database does not exist", "create it, or correct its name in RELINK_DATABASE_URL", retry_after=30
)
_TOO_MANY: Final = Failure(
    "the database server has no free connection",
    "raise max_connections on the server, or lower RELINK_POOL_SIZE or the number of processes",
)
_NOT_READY: Final = Failure("the database server is starting or stopping")
_READ_ONLY: Final = Failure(
    "the database is read-only",
    "it is a standby: name the primary server in RELINK_DATABASE_URL",
    retry_after=30,
)
_PRIVILEGE: Final = Failure(
    "the database denies a privilege to the service",
    "the role in RELINK_DATABASE_URL lacks a privilege: grant it, or run 'relink migrate' with the same role",
    passing=None,
)
_NO_MEMORY: Final = Failure(
    "the database server has not enough memory", "lower work_mem or the number of connections", retry_after=30
)

_DISK_FULL: Final = Failure("the disk of the database is full", "free some space on it", retry_after=60)

_BY_STATE: Final = (
    ("40", _CONFLICT),
    ("55P03", _CONFLICT),
    ("57014", _CONFLICT),
    ("57P03", _NOT_READY),
    ("57P", _AWAY),
    ("08", _AWAY),
    ("53100", _DISK_FULL),
    ("53200", _NO_MEMORY),
    ("53300", _TOO_MANY),
    ("53", Failure("the database server has reached a limit of its configuration", retry_after=30)),
    ("58", Failure("the database server cannot read or write its files", "see the log of the server", retry_after=60)),
    ("25006", _READ_ONLY),
    ("28", _SIGN_IN),
    ("3D000", _NO_DATABASE),
    (
        "3F000",
        Failure(
            "no schema of the search path exists",
            "create the schema that `options` in RELINK_DATABASE_URL names, or name another",
            passing=None,
        ),
    ),
    ("42501", _PRIVILEGE),
)
# The error of a refused connection has no SQLSTATE, only a text, which a server may translate. A text that matches no
# pattern is reported unchanged.
_BY_WORDS: Final = (
    (r"authentication failed|no password supplied|no pg_hba\.conf entry|role \".*\" does not exist", _SIGN_IN),
    (r"database \".*\" does not exist", _NO_DATABASE),
    (r"too many (clients|connections)|connection slots are reserved", _TOO_MANY),
    (r"the database system is |is not yet accepting connections", _NOT_READY),
    (r"session is read-only|in hot standby mode", _READ_ONLY),
    (r"permission denied", _PRIVILEGE),
    (r"out of memory|could not fork", _NO_MEMORY),
)


def database_failure(error: BaseException | None) -> Failure | None:
    """Return the explanation of an error; None if it is not a failure of the database, or is a defect of ours."""
    if isinstance(error, PoolTimeoutError):
        return _NO_CONNECTION
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, DatabaseHangsError | psycopg.errors.ConnectionTimeout):
        return _HANGS
    if isinstance(original, LockedError):
        return _CONFLICT
    if isinstance(original, DatabaseBusyError):
        return _BUSY
    if not isinstance(original, psycopg.Error):
        return None
    state = original.sqlstate
    if state is not None:
        return next((found for prefix, found in _BY_STATE if state.startswith(prefix)), None)
    if not isinstance(original, psycopg.OperationalError | psycopg.InterfaceError):
        return None
    found = next((found for words, found in _BY_WORDS if re.search(words, str(original))), _AWAY)
    if found in (_AWAY, _NOT_READY) and (directory := full_disk(str(original))):
        return replace(_DISK_FULL, advice=f"free some space on the disk of {directory}")
    return found


def logged_failure(error: BaseException, request_id: str | None) -> Failure | None:
    """Return the result of `database_failure`, and log it for the operator unless it is a passing conflict."""
    found = database_failure(error)
    if found is not None and found.passing is not Passing.CONFLICT:
        _log.error(
            "the database cannot be used",
            request_id=request_id,
            reason=found.message,
            advice=found.advice,
            error=type(error).__name__,
        )
    return found


def passing(error: BaseException | None) -> Passing | None:
    """Return when a retry may succeed; None if it would fail again, or the error is not a failure of the database."""
    found = database_failure(error)
    return None if found is None else found.passing


def explained(error: BaseException) -> str:
    """Return one line about an error for the operator: its meaning, what to do, and the message of the server."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    words = " ".join(str(original).split())[:500]
    found = database_failure(error)
    if found is None:
        return words
    return f"{found.message}{f': {found.advice}' if found.advice else ''} ({words})"
