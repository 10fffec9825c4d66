"""Whether the process can open more files and accept more clients."""

from __future__ import annotations

import errno
import os
from typing import Final

SPARE: Final = 16
"""Clients leave this many file descriptors free for the files that requests open, such as modules imported late."""

NO_MORE_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""The errors of `accept` that mean a lack of descriptors or memory."""
NO_CLIENT: Final = frozenset({errno.EAGAIN, errno.ECONNABORTED, errno.EPERM, errno.EPROTO})
"""The errors of `accept` that concern a single client, which has disconnected."""


def are_lacking(descriptor: int) -> bool:
    """Return whether fewer than `SPARE` file descriptors are free; `descriptor` is any open descriptor.

    This cannot be computed, because descriptors are numbered with gaps and their limit may change while the process
    runs, so the function opens copies of the descriptor.
    """
    copies: list[int] = []
    try:
        while len(copies) < SPARE:
            copies.append(os.dup(descriptor))
    except OSError:
        return True
    finally:
        for copy in copies:
            os.close(copy)
    return False
