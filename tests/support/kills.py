"""Forces that are killed at random moments, and the conditions that must hold afterwards."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import click
from sqlalchemy import Engine, text

from app.commands.service import ServiceClient
from tests.support.builders import LIST, Graph, M, V, draft, frozen, links, member_type, type_with
from tests.support.dangling import dangling_links
from tests.support.frozen import Hashes, assert_unchanged, frozen_hashes
from tests.support.http import ADMIN, PASSWORD, Client, message
from tests.support.processes import children
from tests.support.workers import ASYNC, accepted, shown
from tests.updates.test_against_oracle import Content, contents
from tests.updates.test_force import interfere, stop_interfering

NODES = 60
STEPS = NODES + 6
"""A force of `package` makes at least this many commits."""

Eventually = Callable[..., object]


def package(name: str) -> Graph:
    """A package in which everything is out of date: a chain with cross links, a cycle, and a type with instances."""
    graph = Graph().node(f"{name}.Z", frozen(), draft())
    for i in range(NODES):
        targets = [f"{name}.N{i + 1:03}.1" if i + 1 < NODES else f"{name}.Z.1"]
        if i % 7 == 0:
            targets.append(f"{name}.Z.1")
        graph.node(f"{name}.N{i:03}", frozen(*links(*targets)))
    graph.node(f"{name}.C1", frozen(*links(f"{name}.C2.1")))
    graph.node(f"{name}.C2", frozen(*links(f"{name}.C1.1", f"{name}.Z.1")))
    graph.node(f"{name}.m", member_type(), member_type(draft=True))
    graph.node(f"{name}.T", type_with(LIST, f"{name}.m.1"))
    for i in range(3):
        data = (M(LIST, f"{name}.Z.1"), M(f"{name}.m.1", value=f"value {i}"))
        graph.node(f"{name}.I{i}", V(data, f"{name}.T.1"))
    return graph


def slow_commits(engine: Engine) -> None:
    """Let each commit of a run take some milliseconds, as on a busy disk, so that a kill hits it half way."""
    interfere(engine, "PERFORM pg_sleep(0.004);")


@dataclass
class Battlefield:
    """A service whose forces are killed, and a client that looks at the same store and is not harmed.

    `restored` brings back what a kill has ended.
    """

    url: str
    client: Client
    engine: Engine
    eventually: Eventually
    chance: random.Random
    restored: Callable[[], None] = lambda: None
    killed: int = 0
    interrupted: int = 0
    expected: Content = field(default_factory=dict)

    @property
    def figure(self) -> str:
        return f"{self.killed} forces killed, {self.interrupted} of them half way; every node whole, and each finished"

    def prepare(self) -> None:
        """Do an undisturbed force, and slow down those to come."""
        self.expect()
        slow_commits(self.engine)

    @contextmanager
    def prepared(self) -> Iterator[None]:
        """Prepare the store, and restore it at the end, except for the packages."""
        self.prepare()
        yield
        stop_interfering(self.engine)

    def expect(self) -> None:
        """Do an undisturbed force: every other one has to end where this one ends."""
        self.client.load(package("K"))
        assert self.client.update("K", "force").number == 0
        self.expected = self.contents("K")

    def kill_a_force(self, kill: Callable[[int], None]) -> None:
        """Force a new package, call `kill` with its run at a random moment, and check the store."""
        self.killed += 1
        name = f"K{self.killed}"
        self.client.load(package(name))
        before = frozen_hashes(self.engine)
        last = self._newest_run()
        with ThreadPoolExecutor(1) as threads:
            force = threads.submit(self._force, name)
            run = self._reached(force.done, last, self.chance.randrange(STEPS))
            kill(run)
            force.result()
        self.restored()
        self.eventually(lambda: self._state(run) not in ("queued", "running"))
        self.interrupted += self._state(run) == "interrupted"
        self.assert_whole(name)
        self.assert_sound(before)
        again = self.client.update(name, "force")
        assert again.number == 0, again.response.text
        assert self.contents(name) == self.expected
        assert self.client.update(name).rows() == []
        self.assert_sound(before)

    def _force(self, name: str) -> None:
        """Force a package, and ignore the result, since the process that handles the request may be dead."""
        given = {"nodeReference": name, "action": "force", "updateContentIndicator": "true"}
        with suppress(click.ClickException):
            ServiceClient(self.url, ADMIN, PASSWORD).post(message("UpdateNodeVersions", given).encode()).file.close()

    def kill_a_queued_force(self, kill: Callable[[int], None]) -> None:
        """Let a worker force a new package, call `kill` with its run at a random moment, and check the store.

        Another worker finishes the run.
        """
        self.killed += 1
        name = f"K{self.killed}"
        self.client.load(package(name))
        before = frozen_hashes(self.engine)
        last = self._newest_run()
        given = {"nodeReference": name, "action": "force", "updateContentIndicator": "true"}
        run = accepted(self.client.post(message("UpdateNodeVersions", given), headers=ASYNC))
        assert self._reached(lambda: self._state(run) == "done", last, self.chance.randrange(STEPS)) == run
        kill(run)
        self.restored()
        self.assert_whole(name)
        self.eventually(lambda: self._state(run) == "done")
        self.interrupted += shown(self.client, run)["attempts"] > 1
        assert self.contents(name) == self.expected
        assert self.client.update(name).rows() == []
        self.assert_sound(before)

    def _reached(self, ended: Callable[[], bool], last: int, steps: int) -> int:
        """The run after the last one, as soon as it has made this many commits or has ended."""
        query = text(
            "SELECT run_identifier, (SELECT count(*) FROM run_outcome o WHERE o.run_identifier = r.run_identifier)"
            " FROM run r ORDER BY run_identifier DESC LIMIT 1"
        )
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

            def found() -> int | None:
                run, done = connection.execute(query).one()
                return int(run) if run > last and (done >= steps or ended()) else None

            return int(str(self.eventually(found, slowest=0.02)))

    def _newest_run(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text("SELECT max(run_identifier) FROM run")).scalar_one())

    def _state(self, run: int) -> str:
        shown = self.client.app.test_client().get(f"/runs/{run}", auth=(ADMIN, PASSWORD)).get_json()
        return str(shown["state"])

    def contents(self, name: str) -> Content:
        """The versions of a package, with the package itself called K."""
        found = {}
        for version, (of, members) in contents(self.engine).items():
            if version.startswith(f"{name}."):
                shown = [tuple(_as_k(value, name) for value in member) for member in members]
                found[str(_as_k(version, name))] = (str(_as_k(of, name)), sorted(shown, key=repr))
        return found

    def assert_whole(self, name: str) -> None:
        """Every version is that of an undisturbed run, except for links of a cycle that have not been closed yet."""
        for version, (of, members) in self.contents(name).items():
            wanted_type, wanted = self.expected[version]
            assert of == wanted_type, version
            if members != wanted:
                assert version in ("K.C1.2", "K.C2.2"), (version, members, wanted)
                assert [_node(member) for member in members] == [_node(member) for member in wanted]

    def assert_sound(self, frozen_before: Hashes) -> None:
        """No frozen version has changed, no link leads to a version that does not exist, and nothing is staged."""
        assert_unchanged(frozen_before, frozen_hashes(self.engine))
        assert dangling_links(self.engine) == []
        self.assert_nothing_staged()

    def assert_nothing_staged(self) -> None:
        with self.engine.connect() as connection:
            query = "SELECT (SELECT count(*) FROM run_step) + (SELECT count(*) FROM run_step_other)"
            assert connection.execute(text(query)).scalar_one() == 0


def kill_web_processes(pid_of_serve: int) -> None:
    """Kill the processes that serve requests, all at once; gunicorn starts new ones."""
    for pid in children(pid_of_serve):
        for worker in children(pid):
            os.kill(worker, signal.SIGKILL)


def terminate_backend(engine: Engine, run: int) -> None:
    """Let the database end the session that holds a run."""
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND classid::bigint = :class AND objid::bigint = :run AND objsubid = 1"
            ),
            {"class": 0x52454C4B, "run": run},
        )


def _as_k(value: object, name: str) -> object:
    return f"K{value.removeprefix(name)}" if isinstance(value, str) and value.startswith(f"{name}.") else value


def _node(member: tuple[object, ...]) -> tuple[object, ...]:
    """A member without the version number of its target."""
    return (*member[:3], str(member[3]).rpartition(".")[0], *member[4:])
