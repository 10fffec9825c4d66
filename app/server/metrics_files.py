"""The files in which worker processes keep their metrics, so that each process can report the metrics of all.

The files are mapped into memory. Writing to a page for which the file system has no room would end the process with
SIGBUS. So the files are placed in a file system in memory if there is one, away from temporary files, and all their
blocks are allocated before a worker begins.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

_TOTALS: Final = ("counter", "histogram")
_PRESENT: Final = ("gauge_livesum",)
KINDS: Final = (*_TOTALS, *_PRESENT)
"""The kinds of metrics that are used, as prometheus_client names their files."""
SIZE: Final = 512 * 1024
"""The size of a file: room for more than three thousand counters. Clients cannot add counters by what they send."""

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the directory in it is made by tempfile


def metrics_directory(workers: int) -> tempfile.TemporaryDirectory[str]:
    """Create a directory with room for the files of this many workers. Raises OSError if there is not enough room."""
    size = workers * len(KINDS) * SIZE
    try:
        return _made(_IN_MEMORY, size)
    except OSError:
        return _made(None, size)


def _made(base: Path | None, size: int) -> tempfile.TemporaryDirectory[str]:
    directory = tempfile.TemporaryDirectory(prefix="relink-metrics-", dir=base)
    try:
        room = Path(directory.name, "room")
        _allocate(room, size)
        room.unlink()
    except OSError:
        directory.cleanup()
        raise
    return directory


def prepare(directory: Path, process: int, alive: Collection[int]) -> None:
    """Create the files of a worker, or take over those of a dead worker with their counts.

    Metrics of the present state are not taken over, but removed with their worker.
    """
    for kind in _PRESENT:
        for file in directory.glob(f"{kind}_*.db"):
            if _process(file) not in alive:
                file.unlink(missing_ok=True)  # another worker may be faster
        _allocate(directory / f"{kind}_{process}.db", SIZE)
    for kind in _TOTALS:
        own = directory / f"{kind}_{process}.db"
        if not any(_taken_over(file, own) for file in directory.glob(f"{kind}_*.db") if _process(file) not in alive):
            _allocate(own, SIZE)


def _taken_over(file: Path, own: Path) -> bool:
    with suppress(FileNotFoundError):  # another worker was faster
        file.rename(own)
        return True
    return False


def _process(file: Path) -> int:
    return int(file.stem.rpartition("_")[2])


def _allocate(file: Path, size: int) -> None:
    with file.open("wb") as opened:
        os.posix_fallocate(opened.fileno(), 0, size)
