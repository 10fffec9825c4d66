"""Other programs that do a similar task on the same graph.

Each module has `WHAT`, which says what is compared, and `seconds(graph, url, directory)`, which returns how long the
program takes. It raises NotInstalledError where the program cannot be installed.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.graph import Graph

_INSTALL_SECONDS = 300


class NotInstalledError(Exception):
    """The program is not installed and cannot be installed. The message says what is needed."""


def install(command: list[str], directory: Path, needed: str) -> None:
    """Run a command that installs a program."""
    try:
        subprocess.run(command, cwd=directory, check=True, capture_output=True, timeout=_INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotInstalledError(f"needs {needed}") from error


def edges(graph: Graph) -> str:
    """Return the graph as text: a line for each package, with the positions of what it depends on."""
    return "\n".join(" ".join(map(str, depends)) for depends in graph)
