"""A disk in memory, of a few megabytes, that can be filled up and emptied."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

_BLOCK = bytes(64 * 1024)


@dataclass(frozen=True)
class SmallDisk:
    """A mounted disk."""

    path: Path

    @classmethod
    @contextmanager
    def mounted(cls, path: Path, megabytes: int) -> Iterator[SmallDisk]:
        """Mount a disk while the context lasts. Needs root."""
        path.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "none", path], check=True)
        try:
            yield cls(path)
        finally:
            # Whatever still has a file open on it keeps it until then.
            subprocess.run(["umount", "--lazy", path], check=True)

    @property
    def free_bytes(self) -> int:
        state = os.statvfs(self.path)
        return state.f_bavail * state.f_frsize

    def fill(self, *, leave: int) -> None:
        """Fill the disk until only this many bytes are free."""
        with self._ballast.open("wb") as file:
            while self.free_bytes > leave + len(_BLOCK):
                file.write(_BLOCK)
                file.flush()

    @contextmanager
    def kept_full(self) -> Iterator[None]:
        """Fill the disk to the last block while the context lasts, also what others free meanwhile."""
        ended = Event()

        def fill() -> None:
            with self._ballast.open("ab", buffering=0) as file:
                while not ended.wait(0.01):
                    with suppress(OSError):
                        while True:
                            file.write(_BLOCK)

        thread = Thread(target=fill)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def make_room(self) -> None:
        """Remove what `fill` has written."""
        self._ballast.unlink()

    @property
    def _ballast(self) -> Path:
        return self.path / "ballast"
