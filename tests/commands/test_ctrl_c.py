"""Ctrl-C in commands that are carried out by a worker."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from tests.commands.conftest import Start
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client
from tests.support.http_proxy import HOLD, HttpProxy
from tests.support.served import eventually
from tests.support.workers import working

CHAIN = Graph().node("P.D", frozen(), draft())
for above, below in ("AB", "BC", "CD"):
    CHAIN.node(f"P.{above}", frozen(*links(f"P.{below}.1")))
BLOCK = 256 * 1024


@contextmanager
def held(engine: Engine, reference: str = "P.B") -> Iterator[None]:
    """A node that no run can write until the context ends."""
    with engine.connect() as connection:
        connection.execute(
            text("SELECT FROM node WHERE node_reference = :reference FOR UPDATE"), {"reference": reference}
        )
        yield


def states(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT state FROM run ORDER BY run_identifier")).scalars())


def is_cancelled(engine: Engine) -> bool:
    """Whether the run was asked to end."""
    with engine.connect() as connection:
        return bool(connection.execute(text("SELECT cancel_requested FROM run")).scalar_one())


def test_a_force_is_cancelled_and_finished_by_asking_again(client: Client, engine: Engine, start: Start) -> None:
    client.load(CHAIN)
    with working(engine):
        with held(engine):
            force = start("force", "P", "--yes")
            eventually(lambda: force.says("run 1: 1 of 3 steps"))
            force.press_ctrl_c()
            eventually(lambda: is_cancelled(engine))
        assert force.ended() == 130
        assert states(engine) == ["cancelled"]
        lines = force.shown().splitlines()
        assert "P.B\t1 -> 2\tversion\tNODE_LIST: C 2" in lines
        assert lines[-1] == "run 1 is cancelled: 2 of 3 steps are done, 1 left; the same command does the rest"
        assert [client.get(f"P.{name}").text("nodeVersionNumber") for name in "ABC"] == ["1", "2", "2"]
        again = start("force", "P", "--yes")
        assert again.ended() == 0
    assert [client.get(f"P.{name}").text("nodeVersionNumber") for name in "ABC"] == ["2", "2", "2"]


def test_a_second_ctrl_c_leaves_the_run(client: Client, engine: Engine, start: Start) -> None:
    client.load(CHAIN)
    with working(engine), held(engine):
        force = start("force", "P", "--yes")
        eventually(lambda: force.says("run 1: 1 of 3 steps"))
        force.press_ctrl_c()
        eventually(lambda: force.says("run 1 is asked to end; Ctrl-C again"))
        force.press_ctrl_c()
        assert force.ended() == 130
        shown = force.shown().splitlines()[-1]
        assert shown.startswith("run 1 has not ended yet: 'relink run watch 1' waits for its end")
        assert states(engine) == ["running"]


@pytest.mark.ledger("DEC-355")
def test_sigterm_ends_the_command_and_not_the_run(client: Client, engine: Engine, start: Start) -> None:
    client.load(CHAIN)
    with working(engine):
        with held(engine):
            force = start("force", "P", "--yes")
            eventually(lambda: force.says("run 1: 1 of 3 steps"))
            force.process.terminate()
            assert force.ended() == 143
        eventually(lambda: states(engine) == ["done"])


@pytest.mark.ledger("DEC-242")
def test_before_the_run_is_known_it_is_found_and_cancelled(
    client: Client, engine: Engine, start: Start, service_url: str
) -> None:
    """No worker is alive, and a proxy delays the response to the first request."""
    client.load(CHAIN)
    proxy = HttpProxy(service_url)
    proxy.faults["POST", "/service"] = [HOLD]
    with proxy.serving():
        force = start("force", "P", "--yes", url=proxy.url)
        eventually(lambda: states(engine) == ["queued"])
        force.press_ctrl_c()
        assert force.ended() == 130
        assert force.shown().endswith("run 1 is cancelled: nothing was done; the same command does the rest\n")
    assert states(engine) == ["cancelled"]


def test_an_import_that_waits_is_cancelled(engine: Engine, start: Start, tmp_path: Path) -> None:
    file = tmp_path / "graph.xml"
    file.write_text(CHAIN.xml())
    command = start("import", str(file))
    eventually(lambda: states(engine) == ["queued"])
    command.press_ctrl_c()
    assert command.ended() == 130
    assert command.shown().endswith("run 1 is cancelled: nothing was imported\n")
    assert states(engine) == ["cancelled"]


def test_an_import_that_is_still_being_sent_imports_nothing(engine: Engine, start: Start, tmp_path: Path) -> None:
    fifo = tmp_path / "graph.xml"
    os.mkfifo(fifo)
    command = start("import", str(fifo))
    with fifo.open("wb") as file:
        file.write(CHAIN.xml().encode().ljust(BLOCK))
        file.flush()
        command.press_ctrl_c()
        assert command.ended() == 130
    assert command.shown() == "cancelled: nothing was imported\n"
    assert states(engine) == []


@pytest.mark.ledger("DEC-241")
def test_a_command_says_that_no_worker_is_alive(client: Client, engine: Engine, start: Start) -> None:
    client.load(CHAIN)
    force = start("force", "P", "--yes")
    eventually(lambda: force.says("run 1 waits for a worker, and none is alive: start one with 'relink worker'"))
    with working(engine):
        assert force.ended() == 0
    assert force.says("Done: 3 new versions.")
