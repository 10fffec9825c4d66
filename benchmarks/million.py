"""Force an update of a million nodes from the command line, cancel it after ten seconds, and finish it by asking again.

    python -m benchmarks.million ARCHIVE.tsv.xz [COPIES]

The store holds the archive sixteen times unless COPIES says otherwise. The result is compared with that of a force that
nobody disturbs. The figures are written to benchmarks/results: nodes per second, and the memory of the worker, which
does the runs, of the web process and of the command.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from benchmarks.archive import ROOT, import_archive, keep, new_version, say, store
from benchmarks.copies import EVERYTHING, make_copies
from benchmarks.machine import describe
from benchmarks.server import PASSWORD, USER, connect, in_database, make_database, server
from benchmarks.service import peak_memory, running

_COPIES = 16
_CANCEL_AFTER = 10.0
_MEBIBYTE = 1024 * 1024
_CANCELLED = 130
# All columns of the store except times. The sum does not depend on the order of the rows.
_DIGEST = """
    SELECT (SELECT sum(hashtextextended(CAST(ROW(
              node_identifier, version_number, type_node_identifier, type_version_number, node_name,
              node_version_comment, created_by, amended_by, member_types, member_type_numbers, sequences, targets,
              target_numbers, values, scales, comments, indexed_as) AS text), 0)) FROM node_version),
           (SELECT sum(hashtextextended(CAST(n AS text), 0)) FROM node n),
           (SELECT count(*) FROM run_step)
"""
_LAST_RUN = """
    SELECT state, (SELECT count(*) FROM run_outcome o WHERE o.run_identifier = r.run_identifier),
           extract(epoch FROM finished_at - started_at)::float8, attempts, steps
    FROM run r ORDER BY run_identifier DESC LIMIT 1
"""


@dataclass(frozen=True)
class Finished:
    """A command that has ended: its exit code, its time in seconds, and its peak memory in bytes."""

    code: int
    seconds: float
    memory: int


def main() -> None:
    """Measure, compare, and store the figures."""
    archive = Path(sys.argv[1])
    copies = int(sys.argv[2]) if len(sys.argv) > 2 else _COPIES
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what runs in the background
    with server() as url, tempfile.TemporaryDirectory() as directory:
        import_archive(url, archive, Path(directory) / "archive.xml")
        new_version(store(url))
        say(f"copying the archive {copies} times")
        made, nodes = make_copies(url, "bench_million", copies)
        whole = _figures("undisturbed", make_database(url, "bench_whole", "bench_million"), nodes, cancel=False)
        parts = _figures("cancelled", make_database(url, "bench_parts", "bench_million"), nodes, cancel=True)
        same = _digest(url, "bench_whole") == _digest(url, "bench_parts")
        say(f"made from {made.rpartition('/')[2].partition('?')[0]}: {'equal' if same else 'DIFFERENT'} results")
        machine = describe(url)
    figures: list[dict[str, object]] = [*whole, *parts, {"what": "results", "equal": same}]
    keep(figures, archive, machine, [_table([*whole, *parts])], "million")
    if not same:
        sys.exit("the results differ")


def _table(figures: list[dict[str, object]]) -> Table:
    table = Table(*figures[0], title="A run from the command line")
    for figure in figures:
        table.add_row(*(str(value) for value in figure.values()))
    return table


def _figures(what: str, database: str, nodes: int, *, cancel: bool) -> list[dict[str, object]]:
    """Force everything, with `cancel` in two parts, and return the figures of each command."""
    figures: list[dict[str, object]] = []
    with running("wsgi:app", database) as service, _worker(database) as worker:
        for first in [True, False] if cancel else [False]:
            say(f"{what}: {'cancelled after ten seconds' if first else 'to the end'}")
            ended = _force(f"http://127.0.0.1:{service.port}", cancel=first)
            expected = _CANCELLED if first else 0
            if ended.code != expected:
                raise RuntimeError(f"the command ended with {ended.code}, not {expected}")
            with connect(database) as connection:
                row = connection.execute(_LAST_RUN).fetchone()
            state, done, seconds, attempts, steps = row or ("", 0, 0.0, 0, 0)
            if attempts != 1 or (not first and (state, done) != ("done", steps)):
                raise RuntimeError(f"{state} after {attempts} attempts: {done} of {steps} steps are done")
            figures.append(
                {
                    "what": what,
                    "nodes": nodes,
                    "state": state,
                    "done": done,
                    "seconds": round(seconds, 1),
                    "nodes/s": round(done / seconds) if seconds else None,
                    "command, seconds": round(ended.seconds, 1),
                    "worker, MiB": _peak(worker.pid),
                    "web process, MiB": round(service.peak_memory() / _MEBIBYTE),
                    "command, MiB": round(ended.memory / _MEBIBYTE),
                }
            )
            say(json.dumps(figures[-1]))
    return figures


def _force(url: str, *, cancel: bool) -> Finished:
    """Run `relink force`, and press Ctrl-C ten seconds after its first step."""
    environment = {**os.environ, "RELINK_URL": url, "RELINK_USER": USER, "RELINK_PASSWORD": PASSWORD}
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "force", EVERYTHING, "--xml", "--yes"]
    began = time.monotonic()
    with subprocess.Popen(
        command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            say(line.rstrip())
            if cancel and " steps" in line:
                time.sleep(_CANCEL_AFTER)
                process.send_signal(signal.SIGINT)
                cancel = False
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Finished(process.returncode, time.monotonic() - began, used.ru_maxrss * 1024)


@contextmanager
def _worker(database: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `relink worker` on a database."""
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "worker"]
    environment = {**os.environ, "RELINK_DATABASE_URL": database}
    with (
        tempfile.NamedTemporaryFile("w", prefix="relink-bench-worker-", suffix=".log", delete=False) as log,
        subprocess.Popen(command, env=environment, cwd=ROOT, stderr=log) as process,
    ):
        say(f"the worker writes its log to {log.name}")
        try:
            yield process
        finally:
            process.terminate()


def _peak(pid: int) -> int:
    return round(peak_memory(pid) / _MEBIBYTE)


def _digest(url: str, name: str) -> tuple[object, ...] | None:
    with connect(in_database(url, name)) as connection:
        return connection.execute(_DIGEST).fetchone()


if __name__ == "__main__":
    main()
