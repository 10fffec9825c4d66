"""libsolv, the solver of package managers: which packages have to follow a new version of one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.graph import Graph
from benchmarks.peers import NotInstalledError, edges

WHAT = "libsolv: a dry run that moves all dependents to new versions"
_PYTHON = "/usr/bin/python3"
_PROGRAM = Path(__file__).with_name("libsolv_program.py")


def seconds(graph: Graph, _url: str, directory: Path) -> float:
    """Solve with the bindings of the system's Python."""
    try:
        subprocess.run([_PYTHON, "-I", "-c", "import solv"], check=True, capture_output=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotInstalledError("needs Debian's package python3-solv") from error
    (directory / "graph.txt").write_text(edges(graph))
    done = subprocess.run(
        [_PYTHON, "-I", str(_PROGRAM), str(directory / "graph.txt")], check=True, capture_output=True, text=True
    )
    return float(done.stdout)
