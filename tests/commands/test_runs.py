"""`relink run`."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.commands.conftest import Relink
from tests.services.asynchronous import update
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client
from tests.support.run_records import held_run, insert_run
from tests.support.served import ROOT, WITHIN, eventually
from tests.support.workers import accepted

TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


@pytest.fixture
def forced(client: Client) -> Client:
    """Two runs that are done: of P, and of Q, of which one update was bypassed."""
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(), draft())
        .node("Q.A", frozen(*links("Q.B.1")))
        .node("Q.B", frozen(), draft())
    )
    client.update("P", "force")
    client.update("Q", "force")
    return client


@contextmanager
def watching(relink: Relink, number: int, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that watches a run, as soon as it has shown the run."""
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "run", "watch", str(number)]
    environment = {**os.environ, **{name: value for name, value in relink.environment.items() if value}}
    with (
        output.open("wb") as file,
        subprocess.Popen(command, env=environment, stdout=file, stderr=file, cwd=ROOT) as process,
    ):
        eventually(lambda: f"run {number}: planning" in output.read_text())
        yield process


def test_runs_are_listed_the_newest_first(relink: Relink, forced: Client) -> None:
    result = relink("run", "list")
    assert result.exit_code == 0
    lines = [TIME.sub("TIME", line) for line in result.stdout.splitlines()]
    assert lines == [
        "2\tdone\tUpdateNodeVersions\tforce\tQ\tadmin\t1/1\tTIME\t",
        "1\tdone\tUpdateNodeVersions\tforce\tP\tadmin\t1/1\tTIME\t",
    ]
    assert relink("run", "list", "--context", "P").stdout.startswith("1\t")
    assert relink("run", "list", "--state", "queued").stdout == ""
    assert relink("run", "list", "--started-by", "nobody").stdout == ""
    assert [each["run"] for each in json.loads(relink("run", "list", "--json").stdout)] == [2, 1]


def test_runs_that_have_failed_are_listed(relink: Relink, forced: Client, engine: Engine) -> None:
    assert relink("run", "list", "--failed").stdout == ""
    failed = insert_run(engine, "cancelled")
    assert relink("run", "list", "--failed").stdout.startswith(f"{failed}\tcancelled\t")


def test_a_list_ends_at_its_limit(relink: Relink, forced: Client) -> None:
    assert relink("run", "list", "--limit", "1").stdout.count("\n") == 1


def test_a_run_is_shown(relink: Relink, forced: Client) -> None:
    shown = dict(line.split("\t", 1) for line in relink("run", "show", "1").stdout.splitlines())
    assert (shown["state"], shown["nodeReference"], shown["options.sourceScope"]) == ("done", "P", "node")
    assert shown["options.updateContentIndicator"] == "true"
    assert json.loads(relink("run", "show", "1", "--json").stdout)["state"] == "done"


@pytest.mark.parametrize("command", ["show", "watch", "cancel"])
def test_a_run_that_does_not_exist(relink: Relink, forced: Client, command: str) -> None:
    result = relink("run", command, "7")
    assert (result.exit_code, result.stderr) == (1, "Error: 102: there is no run 7\n")


def test_a_run_that_has_ended_is_not_waited_for(relink: Relink, forced: Client) -> None:
    result = relink("run", "watch", "1")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "run 1 is done\n", "run 1: 1 of 1 step\n")
    refused = relink("run", "cancel", "1")
    assert (refused.exit_code, refused.stderr) == (1, "Error: run 1 has ended: it is done\n")


def test_the_exit_code_says_how_a_run_ended(relink: Relink, forced: Client, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE run SET error_number = 108 WHERE run_identifier = 1"))
        connection.execute(text("UPDATE run SET state = 'interrupted', reason = 'lost' WHERE run_identifier = 2"))
    assert relink("run", "watch", "1").exit_code == 8
    result = relink("run", "watch", "2")
    assert (result.exit_code, result.stdout) == (1, "run 2 is interrupted: lost; 1 of 1 step is done, 0 left\n")


def test_a_run_that_was_watched_or_cancelled_is_printed_as_json(relink: Relink, forced: Client, engine: Engine) -> None:
    done = relink("run", "watch", "1", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, json.loads(relink("run", "show", "1", "--json").stdout))
    with held_run(engine) as number:
        cancelled = relink("run", "cancel", str(number), "--json")
        found = json.loads(cancelled.stdout)
        assert (cancelled.exit_code, found["run"], found["state"]) == (0, number, "running")
        assert found["reason"] == "cancelled by admin"
    ended = relink("run", "watch", str(number), "--json")
    assert (ended.exit_code, json.loads(ended.stdout)["state"]) == (1, "interrupted")


def test_a_run_is_watched_until_it_is_cancelled(relink: Relink, forced: Client, engine: Engine, tmp_path: Path) -> None:
    with held_run(engine) as number, watching(relink, number, tmp_path / "watch") as process:
        result = relink("run", "cancel", str(number))
        reported = f"run {number} is asked to end; 'relink run watch {number}' waits for its end\n"
        assert (result.exit_code, result.stdout) == (0, reported)
        with engine.begin() as connection:
            connection.execute(text("UPDATE run SET state = 'cancelled' WHERE cancel_requested"))
        assert process.wait(WITHIN) == 1
    assert f"run {number} is cancelled" in (tmp_path / "watch").read_text()


def test_a_run_that_ends_by_the_request_to_cancel_it(relink: Relink, forced: Client, engine: Engine) -> None:
    with held_run(engine):
        first, second = accepted(update(forced)), accepted(update(forced))
        ended = f"run {first} is cancelled: cancelled by admin; nothing was done\n"
        cancelled = relink("run", "cancel", str(first))
        assert (cancelled.exit_code, cancelled.stdout) == (0, ended)
        watched = relink("run", "watch", str(first))
        assert (watched.exit_code, watched.stdout, watched.stderr) == (1, ended, f"run {first}: cancelled\n")
        found = json.loads(relink("run", "cancel", str(second), "--json").stdout)
        assert (found["run"], found["state"], found["left"]) == (second, "cancelled", None)


def test_ctrl_c_leaves_a_run_as_it_is(relink: Relink, forced: Client, engine: Engine, tmp_path: Path) -> None:
    with held_run(engine) as number, watching(relink, number, tmp_path / "watch") as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(WITHIN) == 130
        reported = (tmp_path / "watch").read_text()
        assert reported.endswith(f"run {number} continues; 'relink run cancel {number}' cancels it\n")
        assert relink("run", "list", "--state", "running").stdout.startswith(f"{number}\trunning")
