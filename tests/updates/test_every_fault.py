"""A force in which any one statement fails, at once or as a queued run: every node is old or new, nothing that was
staged is left, and a repeated force ends where an undisturbed one ends.

`make soak` tries every statement, and other runs a few.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.updates import staging
from tests.support.chance import seeded
from tests.support.faults import FullDisk, LostConnections
from tests.support.frozen import Hashes, frozen_hashes
from tests.support.http import Client, message
from tests.support.kills import Battlefield, package
from tests.support.served import eventually
from tests.support.workers import ASYNC, get, work

FAULTS = int(os.environ.get("RELINK_TEST_FAULTS", "2"))
"""The number of statements of each test that fail, one in each force."""


class Faults(Protocol):
    """Something that makes a statement fail."""

    @property
    def count(self) -> int: ...

    def at(self, number: int) -> AbstractContextManager[None]: ...


@dataclass
class Disturbed:
    """Forces that fail, and the conditions that must hold after each."""

    client: Client
    engine: Engine
    field: Battlefield
    is_queued: bool
    failures: int = 0

    def force(self, name: str) -> None:
        """Force a package, whether or not that succeeds."""
        if not self.is_queued:
            self.failures += self.client.update(name, "force").status == 503
            return
        given = {"nodeReference": name, "action": "force", "updateContentIndicator": "true"}
        status = self.client.post(message("UpdateNodeVersions", given), headers=ASYNC).status
        try:
            work(self.engine)
        except (SQLAlchemyError, psycopg.Error):
            status = 503
        self.failures += status == 503

    def check(self, name: str, frozen_before: Hashes) -> None:
        """Check the store that a force has left, and let another force finish it."""
        states = eventually(lambda: self.states(name))
        assert states <= {"done", "interrupted", "queued"}, states
        self.field.assert_whole(name)
        self.field.assert_sound(frozen_before)
        if "queued" in states:
            assert work(self.engine) == 1
        else:
            self.force(name)
        assert eventually(lambda: self.states(name)) <= {"done", "interrupted"}
        assert self.field.contents(name) == self.field.expected
        assert self.client.update(name).rows() == []
        self.field.assert_sound(frozen_before)

    def states(self, name: str) -> set[str] | None:
        """The states of the runs of a package, or None while a session that was lost still holds one."""
        found = {run["state"] for run in get(self.client, f"/runs?context={name}").get_json()["runs"]}
        return None if "running" in found else found or {"done"}


@pytest.fixture(params=["at once", "in blocks", "queued"])
def disturbed(
    request: pytest.FixtureRequest, client: Client, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> Disturbed:
    if request.param == "in blocks":
        monkeypatch.setattr(staging, "BLOCK", 7)
    field = Battlefield("", client, engine, eventually, seeded())
    field.expect()
    return Disturbed(client, engine, field, request.param == "queued")


@pytest.mark.ledger("DEC-34", "DEC-166", "PRO-3")
def test_a_connection_that_is_lost_at_any_statement(
    disturbed: Disturbed, engine: Engine, monkeypatch: pytest.MonkeyPatch, figures: Callable[[str], None]
) -> None:
    figures(fail_at_each(disturbed, LostConnections(engine.url.database, monkeypatch)))


@pytest.mark.ledger("DEC-34", "DEC-166", "PRO-3")
def test_a_disk_that_is_full_at_any_write(disturbed: Disturbed, engine: Engine, figures: Callable[[str], None]) -> None:
    figures(fail_at_each(disturbed, FullDisk(engine)))


def fail_at_each(disturbed: Disturbed, faults: Faults) -> str:
    """Count the statements of an undisturbed force, and let each of them fail in a force of its own.

    Returns how many failed.
    """
    disturbed.client.load(package("F0"))
    with faults.at(0):
        disturbed.force("F0")
    assert disturbed.field.contents("F0") == disturbed.field.expected
    count = faults.count
    numbers = chosen(count, disturbed.field.chance)
    for number in numbers:
        name = f"F{number}"
        disturbed.client.load(package(name))
        frozen_before = frozen_hashes(disturbed.engine)
        with faults.at(number):
            disturbed.force(name)
        disturbed.check(name, frozen_before)
    assert disturbed.failures
    return f"{len(numbers)} of {count} statements failed, each in a force of its own; every node whole"


def chosen(count: int, chance: random.Random) -> Sequence[int]:
    """The numbers of the statements that fail: one in the middle of the force, and others by chance."""
    numbers = range(1, count + 1)
    return numbers if count <= FAULTS else sorted({count // 2, *chance.sample(numbers, FAULTS - 1)})
