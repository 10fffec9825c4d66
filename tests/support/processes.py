"""The state of processes that tests have started."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """The ids of the processes that a process has started and that still run."""
    found = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # The thread has ended meanwhile.
            found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def arguments(pid: int) -> list[str]:
    """The command line of a process; empty if it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def environment_of(pid: int) -> dict[str, str]:
    """The variables that a process was started with."""
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def parent(pid: int) -> int:
    """The process that started a process."""
    return int(_state(pid)[1])


def runs(pid: int) -> bool:
    """Whether a process exists and has not ended."""
    try:
        return _state(pid)[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _state(pid: int) -> list[str]:
    """The fields of its state from the third on; the name before them may have any characters."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def resident(process: int) -> int:
    """The memory of a process in MiB."""
    return _memory(process, "VmRSS")


def most_resident(process: int) -> int:
    """The most memory in MiB that a process has had since it began."""
    return _memory(process, "VmHWM")


def _memory(process: int, name: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) // 1024
