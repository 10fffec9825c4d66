"""Measure the speed of Relink and the floors, and print the ratios.

    python -m benchmarks [ARCHIVE.tsv.xz]

ARCHIVE is a table of packages and dependencies, as `examples/debian/convert.py` reads it. The default is the cut that
the project ships, which is too small for meaningful ratios. Measurements that take seconds are made three times,
each time with the floor, and the ratio is the median of the three. The figures are also written to benchmarks/results.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from benchmarks import floors
from benchmarks.server import connect, in_database, make_database, make_store, server
from benchmarks.service import running

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PACKAGE = "debian.bookworm"
DEEP = f"{PACKAGE}.libc6"
ROUNDS = 3
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Figure:
    """A measurement and its floor in the same unit, their ratio, and the goal for the ratio."""

    what: str
    unit: str
    measured: float
    floor: float
    floor_is: str
    ratio: float
    goal: str


def main() -> None:
    """Run all measurements, print the table and keep the figures."""
    archive = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "debian" / "bookworm-cut.tsv"
    figures: list[Figure] = []
    with server() as url, tempfile.TemporaryDirectory() as directory:
        document = Path(directory) / "archive.xml"
        _run(
            "converting",
            [sys.executable, str(ROOT / "examples/debian/convert.py"), str(archive), "--frozen", "-o", str(document)],
        )
        figures += _medians(lambda: _import_figures(url, document))
        _new_version(_store(url))
        figures += _medians(lambda: _update_figures(url))
        figures += _medians(lambda: _request_figures(_store(url)))
    _print(figures, archive)
    _keep(figures, archive)


def _medians(measure: Callable[[], list[Figure]]) -> list[Figure]:
    """Measure several times, and return each figure of the round in which its ratio is the median."""
    rounds = [measure() for _ in range(ROUNDS)]
    return [
        next(figure for figure in same if figure.ratio == median(sorted(other.ratio for other in same)))
        for same in zip(*rounds, strict=True)
    ]


def _store(url: str) -> str:
    return in_database(url, "bench_store")


def _import_figures(url: str, document: Path) -> list[Figure]:
    _say("importing")
    store = make_store(url, "bench_store")
    with running("wsgi:app", store) as service:
        seconds, _, _ = service.post(document)
        memory = service.peak_memory()
    with connect(store) as connection:
        connection.execute("VACUUM ANALYZE")
    _say("floor: parsing the document, and copying the same rows into an empty store")
    floor = floors.parse_seconds(document) + floors.copy_in_seconds(store, make_store(url, "bench_empty"))
    return [
        Figure("NodeImport, whole call", "s", seconds, floor, "parse + copy", floor / seconds, ">= 0.30"),
        _memory("memory of the web process, import", memory),
    ]


def _update_figures(url: str) -> list[Figure]:
    _say("floors: reading, a lean force")
    read = floors.read_seconds(make_database(url, "bench_read", "bench_store"), PACKAGE)
    lean, nodes = floors.lean_seconds(make_database(url, "bench_lean", "bench_store"), DEEP)
    _say("impact and force")
    with running("wsgi:app", make_database(url, "bench_force", "bench_store")) as service:
        service.post(_request("impact", PACKAGE.partition(".")[0], content=False))
        impact, _, size = service.post(_request("impact", PACKAGE))
        force, _, _ = service.post(_request("force", PACKAGE))
        nothing, _, small = service.post(_request("impact", PACKAGE))
        memory = service.peak_memory()
    if small > 2000:
        raise RuntimeError("the second impact is not empty")
    return [
        Figure(f"force of {nodes} nodes", "nodes/s", nodes / force, nodes / lean, "lean", lean / force, ">= 0.40"),
        Figure(f"impact, {size / _MEBIBYTE:.0f} MiB", "s", impact, read, "read", impact / read, "<= 8"),
        Figure("impact with nothing to do", "s", nothing, read, "read", nothing / read, "<= 2"),
        _memory("memory of the web process, impact and force", memory),
    ]


def _request_figures(store: str) -> list[Figure]:
    _say("small requests")
    smallest = _request("impact", f"{PACKAGE}.dpkg", content=False)
    with running("benchmarks.hello:app", store) as service:
        hello = service.requests_per_second("POST", "/service", smallest)
    with running("wsgi:app", store) as service:
        service.post(smallest)
        rate = service.requests_per_second("POST", "/service", smallest)
    return [Figure("smallest impact", "requests/s", rate, hello, "hello", rate / hello, ">= 0.30")]


def _new_version(store: str) -> None:
    """Create a new version of the node that most other nodes depend on."""
    with running("wsgi:app", store) as service:
        service.post(
            f"<CopyNode><nodeVersionReferenceFrom>{DEEP}</nodeVersionReferenceFrom>"
            f"<nodeReferenceTo>{DEEP}</nodeReferenceTo></CopyNode>"
        )


def _request(action: str, reference: str, *, content: bool = True) -> str:
    return (
        f"<UpdateNodeVersions><nodeReference>{reference}</nodeReference><action>{action}</action>"
        f"<updateContentIndicator>{str(content).lower()}</updateContentIndicator></UpdateNodeVersions>"
    )


def _memory(what: str, peak: int) -> Figure:
    limit = 400
    return Figure(what, "MiB", peak / _MEBIBYTE, limit, "limit", peak / _MEBIBYTE / limit, "< 1")


def _run(what: str, command: list[str]) -> None:
    _say(what)
    subprocess.run(command, check=True)


def _say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


def _print(figures: list[Figure], archive: Path) -> None:
    table = Table(title=f"Relink beside its floors, {archive.name}")
    for column in ("what", "measured", "floor", "ratio", "goal"):
        table.add_column(column)
    for figure in figures:
        table.add_row(
            f"{figure.what}, {figure.unit}",
            _number(figure.measured),
            f"{_number(figure.floor)} {figure.floor_is}",
            f"{figure.ratio:.2f}",
            figure.goal,
        )
    Console(width=120).print(table)


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:,.0f}"


def _keep(figures: list[Figure], archive: Path) -> None:
    """Write the figures to a new file, with a description of the machine."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    found = {
        "measured": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "archive": archive.name,
        "machine": {"cores": os.cpu_count(), "load": os.getloadavg()[2], "system": platform.platform()},
        "python": platform.python_version(),
        "rounds": ROUNDS,
        "figures": [asdict(figure) for figure in figures],
    }
    file = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    _say(f"kept in {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
