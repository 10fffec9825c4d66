"""Measure, beside the floors, and print ratios.

    python -m benchmarks [ARCHIVE.tsv.xz]

ARCHIVE is a table of packages and dependencies as `examples/debian/convert.py` takes; by default the cut that the
project ships, which is too small for the ratios to mean much.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import floors
from benchmarks.server import connect, make_database, make_store, server
from benchmarks.service import running

ROOT = Path(__file__).parent.parent
PACKAGE = "debian.bookworm"
DEEP = f"{PACKAGE}.libc6"
_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Figure:
    """One measurement beside its floor, and the goal that was set for the ratio."""

    what: str
    measured: str
    floor: str
    ratio: float
    goal: str


def main() -> None:
    """Run all measurements and print the table."""
    archive = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "debian" / "bookworm-cut.tsv"
    figures: list[Figure] = []
    with server() as url, tempfile.TemporaryDirectory() as directory:
        document = Path(directory) / "archive.xml"
        _run(
            "converting",
            [sys.executable, str(ROOT / "examples/debian/convert.py"), str(archive), "--frozen", "-o", str(document)],
        )
        store = make_store(url, "bench_store")
        figures += _import_figures(url, store, document)
        _new_version(store)
        figures += _update_figures(url)
        figures += _request_figures(store)
    _print(figures, archive)


def _import_figures(url: str, store: str, document: Path) -> list[Figure]:
    _say("importing")
    with running("wsgi:app", store) as service:
        seconds, _, _ = service.post(document)
        memory = service.peak_memory()
    with connect(store) as connection:
        connection.execute("VACUUM ANALYZE")
    _say("floor: copying the same rows into an empty store")
    floor = floors.copy_in_seconds(store, make_store(url, "bench_empty"))
    return [
        Figure("NodeImport, whole call", f"{seconds:.2f} s", f"{floor:.2f} s copy", floor / seconds, ">= 0.3"),
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
    rate = nodes / force
    return [
        Figure(f"force of {nodes} nodes, nodes/s", f"{rate:.0f}", f"{nodes / lean:.0f} lean", lean / force, ">= 0.4"),
        Figure(f"impact, {size / _MEBIBYTE:.0f} MiB", f"{impact:.2f} s", f"{read:.2f} s read", impact / read, "<= 5"),
        Figure("impact with nothing to do", f"{nothing:.2f} s", f"{read:.2f} s read", nothing / read, "<= 2"),
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
    return [Figure("smallest impact, requests/s", f"{rate:.0f}", f"{hello:.0f} hello", rate / hello, ">= 0.5")]


def _new_version(store: str) -> None:
    """Give the node that most others reach a new version."""
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
    limit = 400 * _MEBIBYTE
    return Figure(what, f"{peak / _MEBIBYTE:.0f} MiB", "400 MiB", peak / limit, "< 1")


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
        table.add_row(figure.what, figure.measured, figure.floor, f"{figure.ratio:.2f}", figure.goal)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
