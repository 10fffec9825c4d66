"""The modules that processes import when they start. Imports take most of the start-up time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [(["--help"], {}), ([], {"_RELINK_COMPLETE": "bash_complete", "COMP_WORDS": "relink i", "COMP_CWORD": "1"})],
    ids=["help", "completion"],
)
def test_the_commands_are_listed_without_importing_them(arguments: list[str], environment: dict[str, str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "app.cli", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, **environment}
    )
    assert "impact" in done.stdout
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "app.commands.groups" in imported
    assert (
        imported & {"app.commands.updates", "app.commands.serve", "app.commands.users", "lxml", "sqlalchemy"} == set()
    )


def test_a_worker_imports_no_library_of_the_interfaces() -> None:
    assert imported_by("app.worker") & {*HTTP, *GRAPHQL, *EXPLANATIONS, "click", "igraph"} == set()
