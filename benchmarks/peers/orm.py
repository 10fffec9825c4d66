"""Version rows written by an ORM, with a commit for each node: plain SQLAlchemy, and SQLAlchemy-Continuum.

The programs run in a virtual environment of their own, since Continuum has requirements of its own.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from benchmarks.graph import Graph
from benchmarks.peers import NotInstalledError, edges, install
from benchmarks.server import make_database

_PROGRAM = Path(__file__).with_name("orm_program.py")


def orm_seconds(graph: Graph, url: str, directory: Path) -> float:
    """Write the versions with plain SQLAlchemy."""
    return _seconds("plain", graph, url, directory)


def continuum_seconds(graph: Graph, url: str, directory: Path) -> float:
    """Write the versions with SQLAlchemy-Continuum."""
    return _seconds("continuum", graph, url, directory)


def _seconds(mode: str, graph: Graph, url: str, directory: Path) -> float:
    environment = directory / "venv"
    try:
        venv.create(environment, with_pip=True)
    except subprocess.SubprocessError as error:
        raise NotInstalledError("needs the module ensurepip") from error
    python = str(environment / "bin" / "python")
    packages = ["sqlalchemy-continuum", "psycopg[binary]"]
    install([python, "-m", "pip", "install", "--quiet", *packages], directory, "pip and PyPI")
    (directory / "graph.txt").write_text(edges(graph))
    store = make_database(url, f"bench_{mode}").replace("postgresql://", "postgresql+psycopg://", 1)
    done = subprocess.run(
        [python, str(_PROGRAM), mode, store, str(directory / "graph.txt")], check=False, capture_output=True, text=True
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        raise RuntimeError(f"the program of {mode} failed")
    return float(done.stdout)
