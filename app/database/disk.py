"""The room on the disk of a database that runs on this machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from app.database.keeper import FILES

LEAST_FREE: Final = 32 * 1024 * 1024
"""PostgreSQL starts only if it can write a file of its log of 16 MiB, so less than two of them is a full disk."""

_SOCKET = re.compile(r'on socket "(?P<directory>[^"]+)/\.s\.PGSQL\.\d+"')


def is_full(directory: Path) -> bool:
    """Return whether the disk of a directory has too little room for PostgreSQL to start."""
    try:
        state = os.statvfs(directory)
    except OSError:
        return False
    return state.f_bavail * state.f_frsize < LEAST_FREE


def full_disk(refused: str) -> Path | None:
    """Return the directory of a server's files if they are on a full disk and the server has refused a connection.

    `refused` is the message of libpq. The embedded database has its socket in the directory of its files, or in one
    with a link to it. Returns None for other servers: their files cannot be found from here.
    """
    found = _SOCKET.search(refused)
    if found is None:
        return None
    directory = Path(found["directory"])
    for files in (directory, directory / FILES):
        if (files / "PG_VERSION").exists() and is_full(files):
            return files.resolve()
    return None
