"""The room on the disk of a database that runs on this machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

LEAST_FREE: Final = 32 * 1024 * 1024
"""PostgreSQL starts only if it can write a file of its log of 16 MiB, so less than two of them is a full disk."""

_SOCKET = re.compile(r'on socket "(?P<directory>[^"]+)/\.s\.PGSQL\.\d+"')


def is_full(directory: Path, least_free: int = LEAST_FREE) -> bool:
    """Return whether the disk of a directory has too little room for PostgreSQL to start."""
    try:
        state = os.statvfs(directory)
    except OSError:
        return False
    return state.f_bavail * state.f_frsize < least_free


def has_full_disk(refused: str, least_free: int = LEAST_FREE) -> bool:
    """Return whether a refused connection is one to a server whose files are on a full disk.

    `refused` is the message of libpq. The embedded database has its socket in the directory of its files, unless the
    path of that directory is too long.
    """
    found = _SOCKET.search(refused)
    directory = Path(found["directory"]) if found else None
    return directory is not None and (directory / "PG_VERSION").exists() and is_full(directory, least_free)
