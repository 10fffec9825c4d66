"""Measure an impact and a force against the size of the store, from 1,000 nodes to eight times the Debian archive.

    python -m benchmarks.sizes ARCHIVE.tsv.xz

In each store almost everything is out of date. The figures are written to benchmarks/results, and drawn in
docs/pictures/sizes.svg.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

from rich.table import Table

from benchmarks import floors
from benchmarks.archive import DEEP, PACKAGE, import_archive, keep, new_version, request, say, store
from benchmarks.copies import EVERYTHING, make_copies
from benchmarks.curves import Curve, draw
from benchmarks.graph import dependents, document
from benchmarks.machine import describe
from benchmarks.rounds import rounds
from benchmarks.server import connect, in_database, make_database, make_store, server
from benchmarks.service import running

_MEBIBYTE = 1024 * 1024
_PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "sizes.svg"
_PARTS = (1_000, 4_000, 16_000)
_COPIES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Measured:
    """The figures of one store: seconds, rows of the impact, nodes per second, and MiB of the web process.

    Each is the median of the rounds, whose number is `rounds`.
    """

    nodes: int
    rows: int
    impact: float
    read: float
    force: float
    memory: float
    rounds: int = 1


def main() -> None:
    """Measure all sizes."""
    archive = Path(sys.argv[1])
    measured: list[Measured] = []
    with server() as url, tempfile.TemporaryDirectory() as directory:
        import_archive(url, archive, Path(directory) / "archive.xml")
        for count in _PARTS:
            say(f"{count:,} nodes")
            measured.append(_part(url, count, Path(directory) / "part.xml"))
        new_version(store(url))
        for copies in _COPIES:
            say(f"{copies} x the archive")
            measured.append(_copies(url, copies))
        machine = describe(url)
    _PICTURE.parent.mkdir(exist_ok=True)
    _PICTURE.write_text(_drawn(measured), encoding="utf-8")
    keep([asdict(each) for each in measured], archive, machine, [_table(measured)], "sizes")


def _part(url: str, count: int, file: Path) -> Measured:
    """Measure a store that holds a part of the archive."""
    file.write_text(document(dependents(store(url), PACKAGE, DEEP, count), "part"), encoding="utf-8")
    database = make_store(url, "bench_size")
    with running("wsgi:app", database) as service:
        service.post(file)
    with connect(database) as connection:
        connection.execute("VACUUM ANALYZE")
    return _median(url, "part", count)


def _copies(url: str, copies: int) -> Measured:
    """Measure a store that holds the archive several times."""
    _, nodes = make_copies(url, "bench_size", copies)
    return _median(url, EVERYTHING, nodes)


def _median(url: str, context: str, nodes: int) -> Measured:
    """Measure a store in several rounds, or in one if it is large."""
    found = rounds(partial(_measured, url, context, nodes), lambda each: each.impact + each.rows / each.force)

    def middle(figure: str) -> float:
        return float(median(getattr(each, figure) for each in found))

    return Measured(
        nodes,
        found[0].rows,
        impact=middle("impact"),
        read=middle("read"),
        force=middle("force"),
        memory=middle("memory"),
        rounds=len(found),
    )


def _measured(url: str, context: str, nodes: int) -> Measured:
    """Measure a store once."""
    read = floors.read_seconds(make_database(url, "bench_read", "bench_size"), context)
    with running("wsgi:app", make_database(url, "bench_force", "bench_size")) as service:
        service.post(request("impact", "system", content=False))
        impact, _, _ = service.post(request("impact", context))
        force, _, _ = service.post(request("force", context))
        memory = service.peak_memory() / _MEBIBYTE
        with connect(in_database(url, "bench_force")) as connection:
            row = connection.execute("SELECT count(*) FROM run_outcome").fetchone()
    rows = row[0] if row else 0
    return Measured(nodes, rows, impact, read, rows / force, memory)


def _table(measured: list[Measured]) -> Table:
    table = Table(title="The cost against the size of the store")
    for column in ("nodes", "updates", "impact, s", "read, s", "ratio", "force, nodes/s", "memory, MiB", "rounds"):
        table.add_column(column)
    for each in measured:
        table.add_row(
            f"{each.nodes:,}",
            f"{each.rows:,}",
            f"{each.impact:.2f}",
            f"{each.read:.2f}",
            f"{each.impact / each.read:.1f}",
            f"{each.force:,.0f}",
            f"{each.memory:,.0f}",
            str(each.rounds),
        )
    return table


def _drawn(measured: list[Measured]) -> str:
    sizes = [each.nodes for each in measured]
    return draw(
        sizes,
        [
            Curve("impact, microseconds per row", [each.impact / each.rows * 1e6 for each in measured]),
            Curve("force, microseconds per node", [1e6 / each.force for each in measured]),
            Curve("memory of the web process, MiB", [each.memory for each in measured]),
        ],
    )


if __name__ == "__main__":
    main()
