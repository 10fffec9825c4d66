"""Connections that notice a database that hangs.

A server that is stopped, waits for a disk, or is cut off by a broken network keeps its connections open: TCP notices
nothing, and a client waits forever. A time limit for all statements would not help, because one statement of a run or
an import may legitimately take minutes. So while a statement waits for its result, the connection checks every few
seconds whether the server is alive, by opening another connection. If the server responds in time, even with an error,
the wait continues. If not, the connection is closed and DatabaseHangsError is raised.

The statements of sign-in and of short requests have a time limit of `SHORT` seconds, because they may wait for a lock
that another session holds for long, such as that of an ALTER TABLE. Only a few of them may wait for such locks at once:
see `app.database.lock_waits`.
"""

from __future__ import annotations

import select
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from math import inf
from time import monotonic
from typing import Any, Final, LiteralString

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.errors import _WaitTimeout
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow as Row
from psycopg.waiting import READY_NONE

from app.database.lock_waits import RELATION, LockWait, LockWaits
from app.database.pulse import DatabaseHangsError, Pulse
from app.database.session import connection_arguments, settings_statement

PATIENCE: Final = 3.0
"""After this many seconds without a result of a statement, the connection checks whether the server is alive."""
PING_TIMEOUT: Final = 2.0
"""The time limit of the trivial statements that open a connection or check an idle one, in seconds."""
SHORT: Final = 6.0
"""The time limit of a statement of a short request, in seconds."""
FRESH: Final = 1.0
"""A connection that was used less than this many seconds ago is not checked before it is used again."""

_INTERVAL = 0.1
_LOOK_EVERY = 0.1
_LONGEST_PAUSE = 0.5
"""A short statement checks every 0.1 seconds whether it is known to wait for a lock. It asks the server after 0.1
seconds, and again after pauses that double until they are this long."""
_LIMIT: ContextVar[float | None] = ContextVar("limit of a statement", default=None)


@contextmanager
def short_statements(seconds: float = SHORT) -> Iterator[None]:
    """Limit the time of each statement of the current thread while the context lasts.

    A statement that takes longer is cancelled, and DatabaseBusyError is raised.
    """
    before = _LIMIT.set(seconds)
    try:
        yield
    finally:
        _LIMIT.reset(before)


class DatabaseBusyError(psycopg.OperationalError):
    """A short statement has waited too long, such as for a lock, and was cancelled. The connection is still usable."""

    def __init__(self) -> None:
        super().__init__("a statement was cancelled because it waited too long")


class LockedError(DatabaseBusyError):
    """A short statement has waited for a row that another transaction is changing, and was cancelled."""


def _resumed(gen: PQGen[RV]) -> PQGen[RV]:
    """Return a generator that goes on where a waiting one stands, and that may be left waiting again.

    psycopg begins to wait with `next`, which sends None. A generator that is still sending a large statement accepts
    only a number.
    """
    ready: int = READY_NONE
    try:
        while True:
            given = yield gen.send(ready)
            ready = READY_NONE if given is None else given
    except StopIteration as ended:
        result: RV = ended.value
        return result


class DriverConnection(psycopg.Connection[Row]):
    """A connection with our settings that does not wait forever."""

    pulse: Pulse
    lock_waits: LockWaits
    arguments: Mapping[str, Any]
    """The arguments for another connection to the same server."""
    settings: LiteralString
    process: int
    """The number of the server process. Behind PgBouncer, `info.backend_pid` is not this number."""
    in_use = False
    """Whether the connection is checked out of the pool. An idle connection executes only trivial statements."""
    is_large = False
    """Whether the connection keeps much memory, and should be replaced after use. The library enlarges the buffers of a
    connection for the largest row or statement, and never makes them smaller."""
    _used_at = 0.0

    def note_use(self) -> None:
        """Note that the connection has been used until now."""
        self._used_at = monotonic()

    @property
    def was_used_just_now(self) -> bool:
        """Whether the connection was used a moment ago and the server has not ended it since.

        A server that ends a connection sends something, so the socket of an idle connection has something to read.
        """
        if self.closed or monotonic() - self._used_at > FRESH:
            return False
        poll = select.poll()
        poll.register(self.fileno(), select.POLLIN)
        return not poll.poll(0)

    def execute_first(self, statement: LiteralString, parameters: Mapping[str, object]) -> psycopg.Cursor[Row]:
        """Execute the first statement of a transaction, sent together with its BEGIN in one round trip."""
        if self.info.transaction_status != TransactionStatus.IDLE:
            return self.execute(statement, parameters, prepare=True)
        with self.first_statements():
            return self.execute(statement, parameters, prepare=True)

    @contextmanager
    def first_statements(self) -> Iterator[None]:
        """Send the first statements of a transaction together with its BEGIN in one round trip.

        Their results arrive at the end of the context. The transaction is one in all respects, but psycopg must not
        begin it, since that takes a round trip of its own.
        """
        begin = "BEGIN"
        if self.isolation_level is not None:
            begin += f" ISOLATION LEVEL {self.isolation_level.name.replace('_', ' ')}"
        if self.read_only:
            begin += " READ ONLY"
        self.autocommit = True
        with self.pipeline():
            self.execute(begin)
            yield

    def execute_last(
        self,
        statement: LiteralString,
        parameters: Mapping[str, object],
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> psycopg.Cursor[Row]:
        """Execute the last statement of a transaction that `first_statements` began, sent together with its COMMIT in
        one round trip."""
        with self.pipeline():
            cursor = self.execute(statement, parameters, prepare=prepare, binary=binary or False)
            self.execute("COMMIT")
        return cursor

    def restore_settings(self) -> None:
        """Undo every SET of the session except our own."""
        self.execute(f"RESET ALL; {self.settings}")

    def wait(self, gen: PQGen[RV], interval: float = _INTERVAL, timeout: float | None = None) -> RV:
        """Wait as psycopg does. Raises DatabaseHangsError if the server does not respond."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        if self.in_use:
            return self._wait_while_it_lives(gen, interval)
        try:
            result = super().wait(gen, interval, PING_TIMEOUT)
        except _WaitTimeout:
            raise self._given_up() from None
        self.pulse.responded()
        return result

    def _wait_while_it_lives(self, gen: PQGen[RV], interval: float) -> RV:
        """Wait for a result while the server is alive, and for a short statement until its time limit.

        A short statement that waits for a lock which is held for long needs one of the places of `LockWaits`.
        """
        limit = _LIMIT.get()
        began = alive_at = monotonic()
        until = inf if limit is None else began + limit
        pause = _LOOK_EVERY
        look_at = ask_at = inf if limit is None else began + pause
        wait: LockWait | None = None
        resumed = False
        with ExitStack() as place:
            while True:
                alive_at = max(alive_at, self.pulse.responded_at)
                check_at = alive_at + PATIENCE
                if check_at > until - PING_TIMEOUT:
                    check_at = inf  # The cancellation at the time limit notices if the server hangs.
                try:
                    return super().wait(gen, interval, max(min(look_at, until, check_at) - monotonic(), 0.0))
                except _WaitTimeout:
                    if not resumed:
                        gen, resumed = _resumed(gen), True
                now = monotonic()
                if now >= until:
                    return self._cancelled(gen, interval, wait)
                if now >= check_at and not self.pulse.beats(alive_at, self._another):
                    raise self._given_up()
                if now >= look_at:
                    # The query may take PING_TIMEOUT, and must not delay the check whether the server is alive.
                    may_ask = ask_at <= now <= min(check_at, until) - PING_TIMEOUT
                    if may_ask and self.lock_waits.ask(self._ping):
                        pause = min(pause * 2, _LONGEST_PAUSE)
                        ask_at = monotonic() + pause
                    look_at = monotonic() + _LOOK_EVERY
                    wait = self.lock_waits.wait_of(self.process, began)
                    if wait is not None and wait.is_long:
                        if not self.lock_waits.take_place():
                            return self._cancelled(gen, interval, wait)
                        place.callback(self.lock_waits.give_back)
                        look_at = inf

    def _cancelled(self, gen: PQGen[RV], interval: float, wait: LockWait | None) -> RV:
        """Cancel a statement, and return its result if it succeeded just before. `wait` is what it waits for."""
        try:
            self.cancel_safe(timeout=PING_TIMEOUT)
        except psycopg.OperationalError:
            raise self._given_up() from None
        try:
            return super().wait(gen, interval, PING_TIMEOUT)
        except psycopg.errors.QueryCanceled:
            raise (DatabaseBusyError if wait is None or wait.kind == RELATION else LockedError) from None
        except _WaitTimeout:
            raise self._given_up() from None

    def _ping(self) -> DriverConnection:
        """Open a connection for one trivial statement, without our settings. The pulse does not note a failure."""
        arguments = {**self.arguments, "connect_timeout": int(PING_TIMEOUT)}
        connection = DriverConnection.connect(**arguments, autocommit=True)
        connection.pulse = self.pulse
        return connection

    def _another(self) -> psycopg.Connection[Row]:
        return psycopg.Connection.connect(**self.arguments)

    def _given_up(self) -> DatabaseHangsError:
        self.pgconn.finish()
        return DatabaseHangsError()


def connected(given: Mapping[str, Any], pulse: Pulse, lock_waits: LockWaits) -> DriverConnection:
    """Open a connection with the arguments of a URL and with our settings."""
    arguments = connection_arguments(given)
    return pulse.opened(lambda: _connected(arguments, pulse, lock_waits))


def _connected(arguments: Mapping[str, Any], pulse: Pulse, lock_waits: LockWaits) -> DriverConnection:
    settings = settings_statement(arguments["options"])
    connection = DriverConnection.connect(**arguments, autocommit=True)
    connection.lock_waits, connection.settings = lock_waits, settings
    try:
        info = connection.info
        connection.pulse = pulse.of_server((info.hostaddr or info.host, info.port))
        connection.arguments = {**arguments, "host": info.host, "hostaddr": info.hostaddr, "port": info.port}
        cursor = connection.execute(f"{settings}; SELECT pg_backend_pid()")
        cursor.set_result(-1)
        [connection.process] = cursor.fetchall()[0]
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection
