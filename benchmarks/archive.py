"""What all benchmarks share: the store of a Debian archive, the requests to it, and where figures are kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.server import in_database, make_store
from benchmarks.service import running

ROOT = Path(__file__).parent.parent
PACKAGE = "debian.bookworm"
DEEP = f"{PACKAGE}.libc6"
"""The node on which most others depend."""

_RESULTS = ROOT / "benchmarks" / "results"
_WIDTH = 120


def store(url: str) -> str:
    """Return the URL of the store that holds the archive."""
    return in_database(url, "bench_store")


def convert(archive: Path, document: Path) -> None:
    """Write the NodeImport document of an archive."""
    say("converting")
    program = str(ROOT / "examples/debian/convert.py")
    subprocess.run([sys.executable, program, str(archive), "--frozen", "-o", str(document)], check=True)


def import_archive(url: str, archive: Path, document: Path) -> None:
    """Fill a new store with an archive."""
    convert(archive, document)
    say("importing")
    with running("wsgi:app", make_store(url, "bench_store")) as service:
        service.post(document)


def new_version(url: str) -> None:
    """Create a new version of the node that most other nodes depend on."""
    with running("wsgi:app", url) as service:
        service.post(
            f"<CopyNode><nodeVersionReferenceFrom>{DEEP}</nodeVersionReferenceFrom>"
            f"<nodeReferenceTo>{DEEP}</nodeReferenceTo></CopyNode>"
        )


def request(action: str, reference: str, *, content: bool = True) -> str:
    """Return an UpdateNodeVersions request."""
    return (
        f"<UpdateNodeVersions><nodeReference>{reference}</nodeReference><action>{action}</action>"
        f"<updateContentIndicator>{str(content).lower()}</updateContentIndicator></UpdateNodeVersions>"
    )


def say(what: str) -> None:
    """Print what is being done."""
    print(f"... {what}", file=sys.stderr, flush=True)


def keep(
    figures: list[dict[str, object]],
    archive: Path,
    machine: dict[str, Any],
    tables: Sequence[Table],
    prefix: str = "",
    peers: list[dict[str, object]] | None = None,
) -> None:
    """Print the tables of the figures, and write both to new files, with the description of the machine."""
    _RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    found = {
        "measured": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "archive": archive.name,
        "machine": machine,
        "figures": figures,
        **({} if peers is None else {"peers": peers}),
    }
    console = Console(width=_WIDTH, record=True)
    for table in tables:
        console.print(table)
    file = _RESULTS / f"{prefix}{now:%Y%m%dT%H%M%SZ}.json"
    file.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    file.with_suffix(".txt").write_text(console.export_text(), encoding="utf-8")
    say(f"kept in {file.relative_to(ROOT)}, and as tables in {file.stem}.txt")
