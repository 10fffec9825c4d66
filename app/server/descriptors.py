"""Whether the process can open more files and accept more clients."""

from __future__ import annotations

import errno
import os
from typing import Final

SPARE: Final = 16
"""How many file descriptors clients leave for what requests open: files, modules that are imported late, and others."""

NO_MORE_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""The errors of `accept` that say that descriptors or memory are lacking."""
NO_CLIENT: Final = frozenset({errno.EAGAIN, errno.ECONNABORTED, errno.EPERM, errno.EPROTO})
"""The errors of `accept` that concern one client, which is gone."""


def are_lacking(descriptor: int) -> bool:
    """Return whether fewer than `SPARE` file descriptors are free; `descriptor` is any that is open.

    No number tells that: descriptors are numbered with gaps, and their limit may be changed while the process runs.
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
