"""The worker process of `relink serve`: gunicorn's threads, and an event loop that waits for clients.

gunicorn's own threaded worker gives a thread to each connection, and the thread waits for the client to send its
request and to read the response: as many slow clients as there are threads stop the service. Here the loop receives
a request and gives it to a thread when it is complete, and sends what a client does not read at once. See
docs/decisions/0002-slow-clients.md.
"""

from __future__ import annotations

import errno
import selectors
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Semaphore
from typing import Any, Final

from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.http.wsgi import create  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from app.errors import RelinkError
from app.runs.turns import Shares
from app.server.arrival import refusal_of
from app.server.body import body_stream
from app.server.connection import Connection, Phase, RestOfBody, too_slow
from app.server.outgoing import Outgoing, SlowReaderError
from app.server.pace import Pace
from app.settings import Settings
from app.wire.refusal import REFUSAL, Refused

MOST_HELD: Final = 64 * 1024 * 1024
"""How many bytes of requests are kept in memory. Beyond it the largest of those that are still coming is refused."""
MOST_DRAINED: Final = 32 * 1024 * 1024
"""How much is read and dropped after a response, so that a client that is still sending gets to read it."""

_BLOCK = 64 * 1024
_LOOK_EVERY = 0.5
_AT_SHUTDOWN = 5.0
_NO_MORE_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_NO_CLIENT = frozenset({errno.EAGAIN, errno.ECONNABORTED, errno.EPERM, errno.EPROTO})
_URGENT = frozenset({"/healthz"})


class Worker(ThreadWorker):  # type: ignore[misc]
    """A process with its loop, its threads, and one thread more that answers whether the process lives."""

    def init_process(self) -> None:
        """Prepare what the loop needs, and run it."""
        settings = Settings.from_environment()
        shares = Shares.of(settings)
        self._pace = Pace(settings.client_seconds, settings.client_bytes_per_second)
        self._body_slots = Semaphore(shares.bodies)
        self._reader_slots = Semaphore(shares.readers)
        self._urgent = ThreadPoolExecutor(1)
        self._connections: set[Connection] = set()
        self._looked_at = 0.0
        super().init_process()

    def run(self) -> None:
        """Serve until the process is asked to end."""
        try:
            super().run()
        finally:
            self._urgent.shutdown(wait=False)

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection."""
        try:
            client_socket, client = listener.accept()
        except OSError as error:
            if error.errno in _NO_MORE_FILES:
                self.worker_connections = max(1, self.nr_conns)
            elif error.errno not in _NO_CLIENT:
                raise
            return
        self.nr_conns += 1
        connection = Connection(self.cfg, client_socket, client, listener.getsockname(), self._pace)
        self._connections.add(connection)
        self._register(connection, selectors.EVENT_READ)

    def murder_pending(self) -> None:
        """Look for clients that are late; gunicorn's loop calls this after every event, at least once a second."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY:
            return
        self._looked_at = now
        for connection in list(self._connections):
            if connection.is_late(now, self.cfg.keepalive) or self._may_go(connection, now):
                self._give_up(connection)
        if self.nr_conns >= self.worker_connections:
            arriving = [each for each in self._connections if each.phase is Phase.ARRIVING]
            for connection in sorted(arriving, key=lambda each: each.since)[: len(arriving) // 4 + 1]:
                self._give_up(connection)

    def _may_go(self, connection: Connection, now: float) -> bool:
        """Whether the end of the process need not wait for a connection."""
        if self.alive or connection.phase is Phase.AT_WORK:
            return False
        idle = connection.phase is Phase.ARRIVING and not connection.arrival.begun
        return idle or now - connection.since > _AT_SHUTDOWN

    def _give_up(self, connection: Connection) -> None:
        if connection.phase is Phase.ARRIVING and connection.arrival.begun:
            self._refuse(connection, too_slow())
        else:
            self._close(connection)

    def _register(self, connection: Connection, events: int) -> None:
        self.poller.register(connection.socket, events, partial(self._on_event, connection))

    def _on_event(self, connection: Connection, _socket: object) -> None:
        """A client has sent something, or reads again. What goes wrong with one client must not end the loop."""
        try:
            if connection.phase is Phase.ARRIVING:
                self._receive(connection)
            elif connection.phase is Phase.SENDING:
                self._send(connection)
            elif connection.phase is Phase.LINGERING:
                self._drain(connection)
        except OSError:
            self._close(connection)
        except Exception:
            self.log.exception("a connection was closed because of a defect")
            self._close(connection)

    def _receive(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(_BLOCK)
        except BlockingIOError:
            return
        arrival = connection.arrival
        if not data and not arrival.begun:
            self._close(connection)
            return
        if data and not arrival.begun:
            connection.enter(Phase.ARRIVING)
        if data:
            connection.moved(len(data))
            arrival.feed(data)
        else:
            arrival.end()
        if arrival.awaits_continue:
            arrival.request._expected_100_continue = False
            connection.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if arrival.ready:
            self._dispatch(connection)
        elif arrival.held > _BLOCK:
            self._keep_memory_bounded()

    def _keep_memory_bounded(self) -> None:
        """Refuse the largest request that is still coming, if too much is held in memory."""
        arriving = [each for each in self._connections if each.phase is Phase.ARRIVING]
        at_work = [each for each in self._connections if each.phase is Phase.AT_WORK]
        if sum(each.arrival.held for each in arriving + at_work) > MOST_HELD and arriving:
            largest = max(arriving, key=lambda each: each.arrival.held)
            self._refuse(largest, Refused(503, "too many large requests: try again", headers={"Retry-After": "5"}))

    def _refuse(self, connection: Connection, refusal: Refused) -> None:
        connection.arrival.refuse(refusal)
        self._dispatch(connection)

    def _dispatch(self, connection: Connection) -> None:
        """Give a request to a thread."""
        self._unregister(connection)
        connection.enter(Phase.AT_WORK)
        urgent = connection.arrival.refusal is None and connection.arrival.request.path in _URGENT
        future = (self._urgent if urgent else self.tpool).submit(self.handle, connection)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, connection, done))

    def handle(self, connection: Connection) -> bool:
        """Answer a request, in a thread. Returns whether the connection can be used again."""
        arrival = connection.arrival
        connection.outgoing = Outgoing(connection.socket, connection.pace, self._reader_slots)
        rest_of_body = RestOfBody(connection, self._body_slots)
        if arrival.incoming is not None and not arrival.whole:
            arrival.incoming.source = rest_of_body
        try:
            keep = self._respond(connection)
        except SlowReaderError as error:
            self.log.warning(f"a response was cut off: {error}")
            connection.outgoing.unsent.clear()
            return False
        except OSError:
            connection.outgoing.unsent.clear()
            return False
        finally:
            rest_of_body.close()
        rest = self._rest(connection) if keep else None
        connection.rest = rest or b""
        return rest is not None

    def _respond(self, connection: Connection) -> bool:
        arrival = connection.arrival
        arrival.request._expected_100_continue = False
        response, environment = create(
            arrival.request, connection.outgoing, connection.client, connection.server, self.cfg
        )
        environment["wsgi.multithread"] = True
        if arrival.refusal is not None:
            environment[REFUSAL] = arrival.refusal
        else:
            environment["wsgi.input"] = body_stream(arrival.request, partial(self._body_refusal, response))
        if not self.alive or not arrival.whole:
            response.force_close()
        blocks = self.wsgi(environment, response.start_response)
        try:
            for block in blocks:
                response.write(block)
            response.close()
        except OSError:
            raise
        except Exception as error:
            # The status has been sent, or is about to be: only a broken connection tells the client of it.
            self.log.exception("a response was cut off because of a defect")
            raise ConnectionAbortedError from error
        finally:
            if hasattr(blocks, "close"):
                blocks.close()
        return not response.should_close()

    def _body_refusal(self, response: Any, error: BaseException) -> Refused:  # noqa: ANN401 - gunicorn has no types
        """After a body that is not right nobody knows where the next request begins."""
        response.force_close()
        return refusal_of(error)

    def _rest(self, connection: Connection) -> bytes | None:
        """What came behind the request; None if that cannot be known."""
        arrival = connection.arrival
        if arrival.incoming is None:
            return None
        with suppress(ParseException, OSError, RelinkError):
            while arrival.request.body.read(_BLOCK):
                pass
            return arrival.incoming.taken_back()
        return None

    def finish_request(self, connection: Connection, done: Future[bool]) -> None:
        """Go on with a connection when its request is answered."""
        try:
            connection.keep = done.result()
        except Exception:
            self.log.exception("a request was not answered because of a defect")
            self._close(connection)
            return
        if connection.outgoing.unsent:
            connection.enter(Phase.SENDING)
            self._register(connection, selectors.EVENT_WRITE)
        else:
            self._go_on(connection)

    def _send(self, connection: Connection) -> None:
        connection.moved(connection.outgoing.flush())
        if not connection.outgoing.unsent:
            self._unregister(connection)
            self._go_on(connection)

    def _go_on(self, connection: Connection) -> None:
        """The response is sent: expect the next request, or let the client read the response before the connection
        is closed. Closed with bytes unread, it would be reset, and the client would lose the response."""
        if connection.keep and self.alive:
            connection.begin_again()
            connection.enter(Phase.ARRIVING)
            self._register(connection, selectors.EVENT_READ)
            if connection.arrival.ready:
                self._dispatch(connection)
            return
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
            return
        connection.enter(Phase.LINGERING)
        self._register(connection, selectors.EVENT_READ)

    def _drain(self, connection: Connection) -> None:
        with suppress(BlockingIOError):
            data = connection.socket.recv(_BLOCK)
            connection.drained += len(data)
            connection.moved(len(data))
            if not data or connection.drained > MOST_DRAINED:
                self._close(connection)

    def _unregister(self, connection: Connection) -> None:
        with suppress(KeyError, ValueError, OSError):
            self.poller.unregister(connection.socket)

    def _close(self, connection: Connection) -> None:
        if connection.phase is Phase.CLOSED:
            return
        self._unregister(connection)
        connection.enter(Phase.CLOSED)
        self._connections.discard(connection)
        self.nr_conns -= 1
        with suppress(OSError):
            connection.socket.close()
