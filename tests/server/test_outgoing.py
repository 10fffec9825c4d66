"""The part of a response that is kept because its client reads slowly."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from flask import Flask

from app.server.outgoing import MOST_UNSENT, Outgoing, SlowReaderError, Spool
from app.web.credentials import SIGNED_IN
from tests.support.http import ADMIN, PASSWORD, message

NETWORK = "192.0.2.0/24"
LARGE = bytes(range(256)) * 32 * 1024


@contextmanager
def socket_pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Our socket, which does not block, and that of the client."""
    ours, clients = socket.socketpair()
    ours.setblocking(False)
    with ours, clients:
        yield ours, clients


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket_pair() as pair:
        yield pair


def test_little_of_one_large_block_stays_in_memory(
    sockets: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    ours, clients = sockets
    spool = Spool(tmp_path)
    outgoing = Outgoing(ours, spool, NETWORK)
    outgoing.sendall(LARGE)
    assert spool.storage(signed_in=False).taken > len(LARGE) - 3 * MOST_UNSENT
    received = b""
    while len(received) < len(LARGE):
        outgoing.flush()
        received += clients.recv(1024 * 1024)
    assert received == LARGE
    outgoing.discard()
    assert spool.storage(signed_in=False).taken == 0


def test_a_directory_that_cannot_take_the_rest_is_named_as_the_reason(
    sockets: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    outgoing = Outgoing(sockets[0], Spool(tmp_path / "missing"), NETWORK)
    with pytest.raises(SlowReaderError, match="cannot be kept in a file: No such file or directory"):
        outgoing.sendall(LARGE)


@pytest.mark.ledger("DEC-200", "PRO-21")
def test_clients_that_have_not_signed_in_share_a_small_limit(tmp_path: Path) -> None:
    spool = Spool(tmp_path, most=4 * len(LARGE), most_unknown=2 * len(LARGE))
    with ExitStack() as stack:

        def send(*, signed_in: bool) -> None:
            ours, _ = stack.enter_context(socket_pair())
            outgoing = Outgoing(ours, spool, NETWORK)
            stack.callback(outgoing.discard)
            if signed_in:
                outgoing.note_signed_in()
            outgoing.sendall(LARGE)

        send(signed_in=False)
        with pytest.raises(SlowReaderError, match="too much is already stored"):
            send(signed_in=False)
        send(signed_in=True)


@pytest.mark.ledger("DEC-200")
@pytest.mark.parametrize(
    ("user", "password", "signed_in"), [(ADMIN, PASSWORD, True), (ADMIN, "wrong", False), (None, "", False)]
)
def test_the_signed_in_user_is_reported_to_the_server(
    app: Flask, user: str | None, password: str, signed_in: bool
) -> None:
    shown: list[bool] = []
    app.test_client().post(
        "/service",
        data=message("GetNode", {"nodeVersionReference": "system"}),
        content_type="application/xml",
        auth=None if user is None else (user, password),
        environ_overrides={SIGNED_IN: lambda: shown.append(True)},
    )
    assert bool(shown) == signed_in
