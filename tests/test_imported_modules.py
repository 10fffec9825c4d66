"""What the processes import when they start: importing takes most of the time of a command and of a start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HTTP = {"flask", "werkzeug", "jinja2"}
GRAPHQL = {"ariadne", "graphql"}
IMPORTS = "import sys, importlib; importlib.import_module(sys.argv[1]); print(*sys.modules)"


def imported_by(module: str) -> set[str]:
    """Return the names of the packages that are in memory after the import of a module of Relink."""
    done = subprocess.run([sys.executable, "-c", IMPORTS, module], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_a_worker_imports_no_library_of_the_interfaces() -> None:
    assert imported_by("app.worker") & {*HTTP, *GRAPHQL, "igraph", "xmlschema", "elementpath", "click"} == set()
