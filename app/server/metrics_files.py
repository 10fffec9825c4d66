"""The files in which worker processes keep their metrics, so that each process can report the metrics of all.

The files are mapped into memory. Writing to a page for which the file system has no room would end the process with
SIGBUS. So the files are placed in a file system in memory if there is one, away from temporary files, and all their
blocks are allocated before a worker begins.

Each process that uses the directory holds a lock on it, which the kernel releases even if the process is killed. So the
next start recognises the directories that nobody uses any more.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_TOTALS: Final = ("counter", "histogram")
_PRESENT: Final = ("gauge_livesum",)
KINDS: Final = (*_TOTALS, *_PRESENT)
"""The kinds of metrics that are used, as prometheus_client names their files."""
SIZE: Final = 512 * 1024
"""The size of a file: room for more than three thousand counters. Clients cannot add counters by what they send."""

_PREFIX = "relink-metrics."
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the directory in it is made by tempfile


@contextmanager
def metrics_directory(workers: int) -> Iterator[str]:
    """Create a directory with room for the files of this many workers, and remove it when the context ends.

    Directories of processes that were killed are removed first. Raises OSError if there is not enough room.
    """
    bases = _IN_MEMORY, Path(tempfile.gettempdir())
    for base in bases:
        _remove_unused(base)
    directory, lock = _made(bases, workers * len(KINDS) * SIZE)
    try:
        yield str(directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def hold(directory: Path) -> int:
    """Return a descriptor of the directory. The directory counts as used until the descriptor is closed.

    In a file system without locks, no start removes the directory of another one, so that no lock is needed.
    """
    lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def _remove_unused(base: Path) -> None:
    """Remove the directories of this user that no process holds."""
    for directory in base.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # that of another user, one in use, or one that another process has removed
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                if os.fstat(lock).st_uid == os.getuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(directory)
            finally:
                os.close(lock)


def _made(bases: tuple[Path, Path], size: int) -> tuple[Path, int]:
    """Create a directory with this much room in the first base that has it. Returns a descriptor of it too."""
    in_memory, on_disk = bases
    try:
        return _made_in(in_memory, size)
    except OSError:
        return _made_in(on_disk, size)


def _made_in(base: Path, size: int) -> tuple[Path, int]:
    directory, lock = _held_directory(base)
    try:
        room = directory / "room"
        _allocate(room, size)
        room.unlink()
    except OSError:
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)
        raise
    return directory, lock


def _held_directory(base: Path) -> tuple[Path, int]:
    """Create and hold a directory. Another process may remove one that is new and not yet held."""
    while True:
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        with suppress(FileNotFoundError):
            lock = hold(directory)
            if directory.exists():
                return directory, lock
            os.close(lock)


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
