"""Requests that a worker carries out, for several tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from tests.support.builders import Graph, frozen, links
from tests.support.http import Client, Reply, message
from tests.support.workers import ASYNC, work
from tests.updates.test_force import interfere, stop_interfering

FORCE = {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"}
IMPORTED = Graph().node("N.A", frozen(*links("N.B.1"), name="secret")).node("N.B", frozen())


def update(client: Client, headers: dict[str, str] = ASYNC, **elements: str) -> Reply:
    """An UpdateNodeVersions request, by default a force of P that a worker carries out."""
    return client.post(message("UpdateNodeVersions", {**FORCE, **elements}), headers=headers)


def rows(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one())


def stored(engine: Engine) -> int:
    """How many parts of requests are stored."""
    return rows(engine, "SELECT count(*) FROM run_request")


def numbers(client: Client, package: str = "P") -> list[str | None]:
    """The latest versions of the nodes in a package."""
    return [client.get(f"{package}.N{number}").text("nodeVersionNumber") for number in range(4)]


@contextmanager
def dies(engine: Engine, step: int) -> Iterator[None]:
    """The session of a run is killed at a step."""
    interfere(engine, f"IF nextval('step') = {step} THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;")
    yield
    stop_interfering(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP SEQUENCE step"))


def work_and_die(engine: Engine) -> None:
    with pytest.raises(Exception, match=r"terminat|closed|lost"):
        work(engine)
