"""Measure the speed of Relink and the floors, and print the ratios.

    python -m benchmarks [ARCHIVE.tsv.xz]

ARCHIVE is a table of packages and dependencies, as `examples/debian/convert.py` reads it. The default is the cut that
the project ships, which is too small for meaningful ratios. Each figure is measured three times, each time with its
floor, and the ratio is the median of the three; a program that takes long is run once. Small impacts are also measured
in a store of a million nodes, or of a hundred thousand without ARCHIVE. The figures are also written to
benchmarks/results.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from benchmarks import floors, packages, rollouts
from benchmarks.archive import DEEP, PACKAGE, ROOT, convert, keep, new_version, request, say, store
from benchmarks.machine import describe
from benchmarks.peers.compare import Compared, compare
from benchmarks.rounds import ROUNDS
from benchmarks.server import connect, make_database, make_store, server
from benchmarks.service import running

_SMALL_STORE = 1_000
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Figure:
    """A measurement and its floor in the same unit, their ratio, and the goal for the ratio.

    The figure is that of the round with the median ratio. `rounds` is the number of rounds.
    """

    what: str
    unit: str
    measured: float
    floor: float
    floor_is: str
    ratio: float
    goal: str
    rounds: int = ROUNDS


def main() -> None:
    """Run all measurements, print the table and store the figures."""
    archive = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "debian" / "bookworm-cut.tsv"
    large_store = 1_000_000 if len(sys.argv) > 1 else 100_000
    figures: list[Figure] = []
    with server() as url, tempfile.TemporaryDirectory() as directory:
        document = Path(directory) / "archive.xml"
        convert(archive, document)
        figures += _medians(lambda: _import_figures(url, document))
        new_version(store(url))
        figures += _medians(lambda: _update_figures(url))
        figures += _medians(lambda: _request_figures(store(url)))
        stores = [packages.make_packages(url, nodes) for nodes in (_SMALL_STORE, large_store)]
        figures += _medians(lambda: _store_figures(*stores))
        figures += _medians(lambda: _rollout_figures(url))
        compared = compare(url)
        machine = describe(url)
    tables = [_table(figures, archive), _table_of_peers(compared)]
    keep([asdict(each) for each in figures], archive, machine, tables, peers=[asdict(each) for each in compared])


def _medians(measure: Callable[[], list[Figure]]) -> list[Figure]:
    """Measure several times, and return each figure of the round in which its ratio is the median."""
    rounds = [measure() for _ in range(ROUNDS)]
    return [
        next(figure for figure in same if figure.ratio == median(sorted(other.ratio for other in same)))
        for same in zip(*rounds, strict=True)
    ]


def _import_figures(url: str, document: Path) -> list[Figure]:
    say("importing")
    database = make_store(url, "bench_store")
    with running("wsgi:app", database) as service:
        seconds, _, _ = service.post(document)
        memory = service.peak_memory()
    with connect(database) as connection:
        connection.execute("VACUUM ANALYZE")
    say("floor: parsing the document, and copying the same rows into an empty store")
    floor = floors.parse_seconds(document) + floors.copy_in_seconds(database, make_store(url, "bench_empty"))
    return [
        Figure("NodeImport, whole call", "s", seconds, floor, "parse + copy", floor / seconds, ">= 0.30"),
        _memory("memory of the web process, import", memory),
    ]


def _update_figures(url: str) -> list[Figure]:
    say("floors: reading, a lean force")
    read = floors.read_seconds(make_database(url, "bench_read", "bench_store"), PACKAGE)
    lean, nodes = floors.lean_seconds(make_database(url, "bench_lean", "bench_store"), DEEP)
    say("impact and force")
    with running("wsgi:app", make_database(url, "bench_force", "bench_store")) as service:
        service.post(request("impact", PACKAGE.partition(".")[0], content=False))
        impact, _, size = service.post(request("impact", PACKAGE))
        force, _, _ = service.post(request("force", PACKAGE))
        nothing, _, small = service.post(request("impact", PACKAGE))
        memory = service.peak_memory()
    if small > 2000:
        raise RuntimeError("the second impact is not empty")
    return [
        Figure(f"force of {nodes} nodes", "nodes/s", nodes / force, nodes / lean, "lean", lean / force, ">= 0.40"),
        Figure(f"impact, {size / _MEBIBYTE:.0f} MiB", "s", impact, read, "read", impact / read, "<= 8"),
        Figure("impact with nothing to do", "s", nothing, read, "read", nothing / read, "<= 2"),
        _memory("memory of the web process, impact and force", memory),
    ]


def _request_figures(database: str) -> list[Figure]:
    say("small requests")
    smallest = request("impact", f"{PACKAGE}.dpkg", content=False)
    with running("benchmarks.hello:app", database) as service:
        hello = service.requests_per_second([smallest])
    with running("wsgi:app", database) as service:
        service.post(smallest)
        rate = service.requests_per_second([smallest])
    return [Figure("smallest impact", "requests/s", rate, hello, "hello", rate / hello, ">= 0.30")]


def _store_figures(small_store: packages.Packages, large_store: packages.Packages) -> list[Figure]:
    say(f"impacts of {packages.ROWS} nodes in a small and in a large store")
    small, large = (store.impacts_per_second() for store in (small_store, large_store))
    what = f"impact of {packages.ROWS} nodes in a store of {large_store.nodes:,}"
    return [Figure(what, "requests/s", large, small, f"in {small_store.nodes:,}", small / large, "<= 2")]


def _rollout_figures(url: str) -> list[Figure]:
    say("lazy updates and a roll-out")
    lazy, rollout = rollouts.rates(url)
    goal = 1000
    return [
        Figure("lazy updates by one worker", "instances/s", lazy, goal, "goal", lazy / goal, ">= 1"),
        Figure("roll-out", "instances/s", rollout, goal, "goal", rollout / goal, ">= 1"),
    ]


def _memory(what: str, peak: int) -> Figure:
    limit = 400
    return Figure(what, "MiB", peak / _MEBIBYTE, limit, "limit", peak / _MEBIBYTE / limit, "< 1")


def _table(figures: list[Figure], archive: Path) -> Table:
    table = Table(title=f"Relink beside its floors, {archive.name}")
    for column in ("what", "measured", "floor", "ratio", "goal", "rounds"):
        table.add_column(column)
    for figure in figures:
        table.add_row(
            f"{figure.what}, {figure.unit}",
            _number(figure.measured),
            f"{_number(figure.floor)} {figure.floor_is}",
            f"{figure.ratio:.2f}",
            figure.goal,
            str(figure.rounds),
        )
    return table


def _table_of_peers(compared: list[Compared]) -> Table:
    table = Table(title="Beside other programs on the same graph, seconds")
    for column in ("what", "packages", "program", "rounds", "Relink", "rounds"):
        table.add_column(column)
    for each in compared:
        seconds = each.note if each.peer is None else _number(each.peer)
        relink = f"{_number(each.relink)} {each.relink_does}"
        table.add_row(each.what, f"{each.nodes:,}", seconds, str(each.rounds), relink, str(each.relink_rounds))
    return table


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


if __name__ == "__main__":
    main()
