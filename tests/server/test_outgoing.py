"""What is kept of a response that its client is slow to read."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.server.outgoing import MOST_UNSENT, Outgoing, SlowReaderError, Spool

NETWORK = "192.0.2.0/24"
LARGE = bytes(range(256)) * 32 * 1024


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours, which does not block, and that of the client."""
    ours, clients = socket.socketpair()
    ours.setblocking(False)
    with ours, clients:
        yield ours, clients


def test_of_one_large_block_little_stays_in_memory(
    sockets: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    ours, clients = sockets
    spool = Spool(tmp_path)
    outgoing = Outgoing(ours, spool, NETWORK)
    outgoing.sendall(LARGE)
    assert spool.storage.taken > len(LARGE) - 3 * MOST_UNSENT
    received = b""
    while len(received) < len(LARGE):
        outgoing.flush()
        received += clients.recv(1024 * 1024)
    assert received == LARGE
    outgoing.discard()
    assert spool.storage.taken == 0


def test_a_directory_that_cannot_take_the_rest_is_named_as_the_reason(
    sockets: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    outgoing = Outgoing(sockets[0], Spool(tmp_path / "missing"), NETWORK)
    with pytest.raises(SlowReaderError, match="cannot be kept in a file: No such file or directory"):
        outgoing.sendall(LARGE)
