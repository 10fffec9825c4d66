"""The worker process of `relink serve`: gunicorn's threads, and an event loop that waits for clients.

gunicorn's own threaded worker gives a thread to each connection, and the thread waits for the client to send its
request and to read the response, so as many slow clients as there are threads stop the service. Here the loop receives
a request and gives it to a thread when it is complete, and it sends the bytes that a client does not read at once.
See docs/decisions/0002-slow-clients.md.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, Final

from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.http.wsgi import create  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from app.errors import RelinkError
from app.runs.turns import Shares
from app.server import descriptors
from app.server.arrival import refusal_of
from app.server.body import body_stream
from app.server.connection import ClientConnection, Phase, RestOfBody, first_to_close, too_slow
from app.server.held import LARGE, HeldBytes
from app.server.outgoing import Outgoing, SlowReaderError, Spool
from app.server.pace import Pace
from app.server.responding import write_blocks
from app.server.signals import end_at_once
from app.server.slots import FAIR_FACTOR, Slots
from app.settings import Settings
from app.web.credentials import SIGNED_IN
from app.web.refusal import REFUSAL, STOPPING, Refused

MOST_HELD: Final = 64 * 1024 * 1024
"""At most this many bytes of requests are kept in memory. When more arrive, an incoming request is refused."""
MOST_DRAINED: Final = 32 * 1024 * 1024
"""At most this much is read and dropped after a response, so that a client that is still sending can read it."""

_BLOCK = 64 * 1024
_LOOK_EVERY = 0.5
_AT_SHUTDOWN = 5.0
_PAUSE = 0.5
"""No connection is accepted for this long when file descriptors are lacking."""
_URGENT = frozenset({"/healthz"})


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker process with an event loop, its threads, and one more thread for liveness checks."""

    def init_process(self) -> None:
        """Set up the state of the loop, and run it."""
        settings = Settings.from_environment()
        self._pace = Pace(settings.client_seconds, settings.client_bytes_per_second, settings.transfer_seconds)
        fair_rate = FAIR_FACTOR * settings.client_bytes_per_second
        self._body_slots = Slots(Shares.of(settings).bodies, fair_rate, settings.client_seconds)
        self._spool = Spool(settings.upload_directory)
        self._proxies = settings.trusted_proxies
        self._urgent = ThreadPoolExecutor(1)
        self._connections: set[ClientConnection] = set()
        self._held = HeldBytes()
        self._looked_at = self._accept_again_at = 0.0
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the application. Loading waits while the database is not available."""
        with end_at_once():
            super().load_wsgi()

    def run(self) -> None:
        """Serve until the process is asked to stop."""
        try:
            super().run()
        finally:
            self._urgent.shutdown(wait=False)

    def accept(self, listener: socket.socket) -> None:
        """Accept a new connection."""
        try:
            client_socket, client = listener.accept()
        except OSError as error:
            if error.errno in descriptors.NO_MORE_FILES:
                self._pause_accepting()
            elif error.errno not in descriptors.NO_CLIENT:
                raise
            return
        self.nr_conns += 1
        connection = ClientConnection(self.cfg, client_socket, client, listener.getsockname(), self._pace)
        self._connections.add(connection)
        self._register(connection, selectors.EVENT_READ)
        if descriptors.are_lacking(client_socket.fileno()):
            self._pause_accepting()

    def _pause_accepting(self) -> None:
        """Stop accepting connections for a moment, because file descriptors are lacking, and close some connections."""
        self.worker_connections = 0  # gunicorn's loop accepts again as soon as there are fewer connections than this.
        self._accept_again_at = time.monotonic() + _PAUSE
        self.set_accept_enabled(False)
        self._make_room()

    def _make_room(self) -> None:
        """Close a quarter of the connections that wait for their clients."""
        candidates = first_to_close(self._connections, self._network)
        for connection in candidates[: len(candidates) // 4 + 1]:
            with self._closed_on_error(connection):
                self._give_up(connection)

    def _network(self, connection: ClientConnection) -> str:
        return connection.network(self._proxies)

    def murder_pending(self) -> None:
        """Close the connections of late clients. gunicorn's loop calls this after each event, or once a second."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY:
            return
        self._looked_at = now
        if now >= self._accept_again_at:
            self.worker_connections = self.cfg.worker_connections
        for connection in list(self._connections):
            with self._closed_on_error(connection):
                if connection.is_late(now, self.cfg.keepalive) or self._may_go(connection, now):
                    self._give_up(connection)
        if self.nr_conns >= self.cfg.worker_connections:
            self._make_room()

    def _may_go(self, connection: ClientConnection, now: float) -> bool:
        """Return whether a process that is stopping may close a connection."""
        if self.alive or connection.phase is Phase.AT_WORK:
            return False
        idle = connection.phase is Phase.ARRIVING and not connection.arrival.begun
        return idle or now - connection.since > _AT_SHUTDOWN

    def _give_up(self, connection: ClientConnection) -> None:
        if connection.phase is Phase.ARRIVING and connection.arrival.begun:
            self._refuse(connection, too_slow())
        else:
            if connection.phase is Phase.SENDING:
                self.log.warning("a response was cut off: the client is too slow to read the response")
            self._close(connection)

    def _register(self, connection: ClientConnection, events: int) -> None:
        self.poller.register(connection.socket, events, partial(self._on_event, connection))

    @contextmanager
    def _closed_on_error(self, connection: ClientConnection) -> Iterator[None]:
        """Close the connection if an error occurs. An error with one client must not end the loop."""
        try:
            yield
        except OSError:
            self._close(connection)
        except Exception:
            self.log.exception("a connection was closed because of a defect")
            self._close(connection)

    def _on_event(self, connection: ClientConnection, _socket: object) -> None:
        """Handle a client that has sent bytes or reads again."""
        with self._closed_on_error(connection):
            if connection.phase is Phase.ARRIVING:
                self._receive(connection)
            elif connection.phase is Phase.SENDING:
                self._send(connection)
            elif connection.phase is Phase.LINGERING:
                self._drain(connection)

    def _receive(self, connection: ClientConnection) -> None:
        try:
            data = connection.socket.recv(connection.arrival.piece)
        except BlockingIOError:
            return
        arrival = connection.arrival
        if not data and not arrival.begun:
            self._close(connection)
            return
        if data and not arrival.begun:
            self._enter(connection, Phase.ARRIVING)
        if data:
            connection.moved(len(data))
            arrival.feed(data)
        else:
            arrival.end()
        self._held.count(connection)
        self._go_on_with_arrival(connection)

    def _go_on_with_arrival(self, connection: ClientConnection) -> None:
        """Dispatch a request that is ready. Ask for the body of one whose client waits for `100 Continue`."""
        arrival = connection.arrival
        if arrival.awaits_continue:
            arrival.request._expected_100_continue = False
            with suppress(BlockingIOError):  # A client sends its body after a while even without it.
                connection.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if arrival.ready:
            self._dispatch(connection)
        elif arrival.held > LARGE:
            self._keep_memory_bounded()

    def _keep_memory_bounded(self) -> None:
        """If too much is held in memory, refuse the oldest incoming request of the network that holds the most."""
        first = self._held.first_to_go(self._network) if self._held.total > MOST_HELD else None
        if first is not None:
            with self._closed_on_error(first):
                self._refuse(first, Refused(503, "too many large requests: try again", headers={"Retry-After": "5"}))

    def _enter(self, connection: ClientConnection, phase: Phase) -> None:
        connection.enter(phase)
        self._held.count(connection)

    def _refuse(self, connection: ClientConnection, refusal: Refused) -> None:
        connection.arrival.refuse(refusal)
        self._dispatch(connection)

    def _dispatch(self, connection: ClientConnection) -> None:
        """Give a request to a thread."""
        self._unregister(connection)
        self._enter(connection, Phase.AT_WORK)
        urgent = connection.arrival.refusal is None and connection.arrival.request.path in _URGENT
        future = (self._urgent if urgent else self.tpool).submit(self.handle, connection)
        future.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, connection, done))

    def handle(self, connection: ClientConnection) -> bool:
        """Respond to a request, in a thread. Returns whether the connection can be used again."""
        arrival = connection.arrival
        network = self._network(connection)
        outgoing = connection.outgoing = Outgoing(connection.socket, self._spool, network)
        rest_of_body = RestOfBody(connection, self._body_slots, network)
        if not arrival.whole:
            arrival.read_on(rest_of_body)
        try:
            keep = self._respond(connection, outgoing)
            rest = self._rest(connection) if keep else None
        except SlowReaderError as error:
            self.log.warning(f"a response was cut off: {error}")
            outgoing.discard()
            return False
        except OSError:
            outgoing.discard()
            return False
        finally:
            rest_of_body.close()
            if arrival.incoming is not None:
                arrival.incoming.drop()  # What refers to it may stay until a garbage collection.
        connection.rest = rest or b""
        return rest is not None

    def _respond(self, connection: ClientConnection, outgoing: Outgoing) -> bool:
        arrival = connection.arrival
        arrival.request._expected_100_continue = False
        response, environment = create(arrival.request, outgoing, connection.client, connection.server, self.cfg)
        environment.update({"wsgi.multithread": True, STOPPING: lambda: not self.alive})
        environment[SIGNED_IN] = outgoing.note_signed_in
        if arrival.refusal is not None:
            environment[REFUSAL] = arrival.refusal
        else:
            environment["wsgi.input"] = body_stream(arrival.request, partial(self._body_refusal, response))
        if not self.alive or not arrival.whole:
            response.force_close()
        try:
            blocks = self.wsgi(environment, response.start_response)
        except Exception as error:
            self.log.exception("a request got no response because of a defect")
            raise ConnectionAbortedError from error
        try:
            write_blocks(response, blocks, self.log)
        finally:
            environment.clear()  # The request in it refers to it, and would stay until a garbage collection.
        return not response.should_close()

    def _body_refusal(self, response: Any, error: BaseException) -> Refused:  # noqa: ANN401 - gunicorn has no types
        """Return the refusal of an invalid body, after which the beginning of the next request is unknown."""
        response.force_close()
        return refusal_of(error)

    def _rest(self, connection: ClientConnection) -> bytes | None:
        """Return the bytes that arrived after the request, or None if its end cannot be found."""
        arrival = connection.arrival
        if arrival.incoming is None:
            return None
        with suppress(ParseException, OSError, RelinkError):
            while arrival.request.body.read(_BLOCK):
                pass
            return arrival.incoming.taken_back()
        return None

    def finish_request(self, connection: ClientConnection, done: Future[bool]) -> None:
        """Continue with a connection whose request is done."""
        with self._closed_on_error(connection):
            connection.keep = done.result()
            if connection.has_unsent:
                self._enter(connection, Phase.SENDING)
                self._register(connection, selectors.EVENT_WRITE)
            else:
                self._go_on(connection)

    def _send(self, connection: ClientConnection) -> None:
        if connection.outgoing is not None:
            connection.moved(connection.outgoing.flush())
        if not connection.has_unsent:
            self._unregister(connection)
            self._go_on(connection)

    def _go_on(self, connection: ClientConnection) -> None:
        """Expect the next request after a response is sent, or let the client read the response before closing."""
        self._discard(connection)
        if connection.keep and self.alive:
            connection.begin_again()
            self._enter(connection, Phase.ARRIVING)
            self._register(connection, selectors.EVENT_READ)
            self._go_on_with_arrival(connection)
            return
        try:
            connection.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self._close(connection)
            return
        # A connection that is closed with unread bytes is reset, and the client would lose the response.
        self._enter(connection, Phase.LINGERING)
        self._register(connection, selectors.EVENT_READ)

    def _drain(self, connection: ClientConnection) -> None:
        with suppress(BlockingIOError):
            data = connection.socket.recv(_BLOCK)
            connection.drained += len(data)
            connection.moved(len(data))
            if not data or connection.drained > MOST_DRAINED:
                self._close(connection)

    def _discard(self, connection: ClientConnection) -> None:
        if connection.outgoing is not None:
            connection.outgoing.discard()
            connection.outgoing = None

    def _unregister(self, connection: ClientConnection) -> None:
        with suppress(KeyError, ValueError, OSError):
            self.poller.unregister(connection.socket)

    def _close(self, connection: ClientConnection) -> None:
        if connection.phase is Phase.CLOSED:
            return
        self._unregister(connection)
        self._discard(connection)
        self._enter(connection, Phase.CLOSED)
        self._connections.discard(connection)
        self.nr_conns -= 1
        with suppress(OSError):
            connection.socket.close()
