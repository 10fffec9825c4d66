"""What the processes import when they start: importing takes most of the time of a command and of a start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
IMPORTS = "import sys, importlib; [importlib.import_module(name) for name in sys.argv[1:]]; print(*sys.modules)"
DATABASE = {"sqlalchemy", "psycopg", "alembic", "procrastinate"}
HTTP = {"flask", "werkzeug", "jinja2"}
GRAPHQL = {"ariadne", "graphql"}
EXPLANATIONS = {"xmlschema", "elementpath"}


def imported_by(*modules: str) -> set[str]:
    """Return the names of the packages that are in memory after the import of modules of Relink."""
    command = [sys.executable, "-c", IMPORTS, *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_the_commands_of_clients_import_nothing_of_the_database_and_no_rich() -> None:
    commands = ["imports", "nodes", "rollout", "runs", "solutions", "updates"]
    imported = imported_by("app.cli", *(f"app.commands.{command}" for command in commands))
    assert imported & {*DATABASE, *HTTP, "rich", "structlog"} == set()


def test_a_worker_imports_no_library_of_the_interfaces() -> None:
    assert imported_by("app.worker") & {*HTTP, *GRAPHQL, *EXPLANATIONS, "click", "igraph"} == set()
