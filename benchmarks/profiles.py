"""Say where the time of an import and of an impact is spent.

    python -m benchmarks.profiles [ARCHIVE.tsv.xz]

Both are requests to the application in this process, on a server of its own: the import of the archive into an empty
store, and the impact of a new version of libc6. Each part is timed by wrapping its function, which costs a few seconds
for a whole archive. The figures are written to benchmarks/results.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import psycopg
from flask.testing import FlaskClient
from rich.table import Table

from app.application import create_app
from app.database import copy
from app.database.connection import DriverConnection
from app.database.engine import make_engine
from app.database.sql_files import sql_file
from app.nodes.import_document import ImportDocument
from app.settings import Settings
from app.updates import details, fixpoint, naming, plan, read
from app.wire import import_stream, schemas
from benchmarks.archive import PACKAGE, ROOT, convert, keep, new_version, request, say
from benchmarks.clock import Clock, Spent
from benchmarks.machine import describe
from benchmarks.server import PASSWORD, USER, make_store, server

_KEY = "A" * 43 + "="
_AROUND_IMPORT: Final = "sign-in, storing the body, response"
_WRITING: Final = "writing the response, sign-in"
_RESOLVING, _CHECKS = "writing: resolving references, rights", "checks: against the store"
_STATEMENTS = {
    "import_existing": _RESOLVING,
    "import_state": _RESOLVING,
    "import_duplicates": _CHECKS,
    "import_faults": _CHECKS,
    "import_creation_faults": _CHECKS,
    "import_write_versions": "writing: versions",
    "import_finish_nodes": "writing: new numbers of existing nodes",
}
_BEGINNINGS = {
    **{sql_file("app.nodes", name).partition("\n")[0]: part for name, part in _STATEMENTS.items()},
    "INSERT INTO node ": "writing: nodes",
    "SELECT check_created_on_frozen": "writing: whether frozen nodes depend on drafts",
    "ANALYZE node": "writing: ANALYZE",
}

Wrapped = dict[str, Callable[..., Any]]


def main() -> None:
    """Import an archive, plan an update in it, and print and store the time of the parts of both."""
    archive = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "examples" / "debian" / "bookworm-cut.tsv"
    with server() as url, tempfile.TemporaryDirectory() as directory:
        document = Path(directory) / "archive.xml"
        convert(archive, document)
        database = make_store(url, "bench_profile")
        engine = make_engine(database)
        client = create_app(Settings(secret_key=_KEY), engine).test_client()
        say("importing")
        of_import = _parts(client, document, _import, _AROUND_IMPORT)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        new_version(database)
        say("impact")
        of_impact = _parts(client, request("impact", PACKAGE), _impact, _WRITING)
        engine.dispose()
        machine = describe(url)
    tables = [
        _table(f"NodeImport of {archive.name}", of_import),
        _table(f"impact in {PACKAGE}", of_impact),
    ]
    keep([*_figures("import", of_import), *_figures("impact", of_impact)], archive, machine, tables, "profiles")


def _import(clock: Clock) -> Wrapped:
    """Return the functions that are the parts of an import."""
    return {
        "app.wire.import_stream._nodes": clock.steps("reader: XML", import_stream._nodes),
        "app.wire.import_nodes.is_valid": clock.call("reader: validation by libxml2", schemas.is_valid),
        "app.nodes.importing.ImportDocument.chunks": clock.steps(
            "checks: of each node, and its rows for COPY", ImportDocument.chunks
        ),
        "app.nodes.importing.write_lines": clock.call("writing: COPY to temporary tables", copy.write_lines),
        "app.nodes.importing.write_rows": clock.call(_RESOLVING, copy.write_rows),
        "app.database.connection.DriverConnection.execute": clock.choose(_part, DriverConnection.execute),
        "app.database.connection.DriverConnection.commit": clock.call("writing: COMMIT", DriverConnection.commit),
    }


def _impact(clock: Clock) -> Wrapped:
    """Return the functions that are the parts of an impact."""
    return {
        "app.updates.update.read_graph": clock.call("reading: the graph, in Python", read.read_graph),
        "app.updates.update.read_details": clock.call("reading: types and lists, in Python", details.read_details),
        "app.updates.named_impact.with_names": clock.call("reading: names, in Python", naming.with_names),
        "app.updates.update.Needs": clock.call("planning: needs", fixpoint.Needs),
        "app.updates.update.plan": clock.call("planning: the plan", plan.plan),
        "psycopg.Cursor.execute": clock.call("reading: in the database", psycopg.Cursor.execute),
    }


def _parts(client: FlaskClient, body: Path | str, wrapped: Callable[[Clock], Wrapped], rest: str) -> dict[str, Spent]:
    """Send a request, and return the time of each part. `rest` names what is in no part."""
    with ExitStack() as stack:
        data = stack.enter_context(body.open("rb")) if isinstance(body, Path) else body
        clock = Clock(rest)
        for name, function in wrapped(clock).items():
            stack.enter_context(patch(name, function))
        response = client.post("/service", data=data, content_type="application/xml", auth=(USER, PASSWORD))
        for _ in response.response:
            pass
        seconds = clock.stop()
    if response.headers["Relink-Error-Number"] != "0":
        raise RuntimeError(f"the request failed: {response.text}")
    return seconds


def _part(_: DriverConnection, statement: object, *__: object) -> str:
    """Return the part of an import to which a statement belongs."""
    sent = str(statement)
    return next((part for beginning, part in _BEGINNINGS.items() if sent.startswith(beginning)), _AROUND_IMPORT)


def _table(what: str, parts: dict[str, Spent]) -> Table:
    whole = Spent(sum(part.seconds for part in parts.values()), sum(part.processor for part in parts.values()))
    table = Table(title=f"The parts of a call: {what}")
    for column in ("part", "seconds", "share", "of it Python, s"):
        table.add_column(column)
    for name, part in [*parts.items(), ("the whole call", whole)]:
        table.add_row(name, f"{part.seconds:.2f}", f"{part.seconds / whole.seconds:.0%}", f"{part.processor:.2f}")
    return table


def _figures(call: str, parts: dict[str, Spent]) -> list[dict[str, object]]:
    return [{"call": call, "part": name, **asdict(part)} for name, part in parts.items()]


if __name__ == "__main__":
    main()
