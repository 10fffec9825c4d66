"""Runs Relink and the peers on the same graph."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.archive import DEEP, PACKAGE, request, say, store
from benchmarks.graph import Graph, dependents, document
from benchmarks.peers import NotInstalledError, changesets, libsolv, orm
from benchmarks.rounds import rounds
from benchmarks.server import make_store
from benchmarks.service import running

SIZES = (1000, 4000)


@dataclass(frozen=True)
class Compared:
    """The seconds of a peer and those of Relink: the medians of several rounds.

    `peer` is None where the peer was left out.
    """

    what: str
    nodes: int
    peer: float | None
    relink: float
    relink_does: str
    relink_rounds: int
    rounds: int = 0
    note: str = ""


_PEERS: tuple[tuple[str, str, Callable[[Graph, str, Path], float]], ...] = (
    ("libsolv, solving", "impact", libsolv.seconds),
    ("SQLAlchemy ORM, a commit for each node", "force", orm.orm_seconds),
    ("SQLAlchemy-Continuum, a commit for each node", "force", orm.continuum_seconds),
    ("changesets version, files only", "force", changesets.seconds),
)


def compare(url: str) -> list[Compared]:
    """Compare on the first packages that depend on the deepest one."""
    found: list[Compared] = []
    for size in SIZES:
        graph = dependents(store(url), PACKAGE, DEEP, size)
        if len(graph) < size:
            say(f"no comparison with {size} packages: the input has only {len(graph)} that depend on {DEEP}")
            continue
        ours = rounds(partial(_relink, url, graph), lambda taken: sum(taken.values()))
        for what, does, seconds in _PEERS:
            say(f"{what}, {size} packages")
            relink = median(taken[does] for taken in ours)
            try:
                theirs = rounds(partial(_peer, seconds, url, graph), lambda taken: taken)
            except NotInstalledError as error:
                say(f"left out: {what} {error}")
                found.append(Compared(what, size, None, relink, does, len(ours), note=str(error)))
            else:
                found.append(Compared(what, size, median(theirs), relink, does, len(ours), len(theirs)))
    return found


def _peer(seconds: Callable[[Graph, str, Path], float], url: str, graph: Graph) -> float:
    with tempfile.TemporaryDirectory(prefix="relink-peer-") as directory:
        return seconds(graph, url, Path(directory))


def _relink(url: str, graph: Graph) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "graph.xml"
        file.write_text(document(graph, "graph"), encoding="utf-8")
        with running("wsgi:app", make_store(url, "bench_graph")) as service:
            service.post(file)
            impact, _, _ = service.post(request("impact", "graph"))
            force, _, _ = service.post(request("force", "graph"))
    return {"impact": impact, "force": force}
