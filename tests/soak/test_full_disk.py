"""A disk of the database that fills up in the middle of a force."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.application import create_app
from app.database import embedded
from app.database.engine import make_engine
from app.database.migrate import migrate
from app.identity.users import add_user
from app.settings import Settings
from tests.commands.conftest import Relink
from tests.support.builders import LIST, Graph, M, draft, frozen, links
from tests.support.dangling import dangling_links
from tests.support.frozen import assert_unchanged, frozen_hashes
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client, Reply, message
from tests.support.served import ROOT, WITHIN, eventually
from tests.support.small_disk import SmallDisk
from tests.support.workers import ASYNC, accepted, shown, work
from tests.updates.test_against_oracle import contents

FORCE = {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"}
NODES = 200
VALUE_BYTES = 20_000
LEFT = 2 * 1024 * 1024
MEGABYTES_OF_ALL = 200


@pytest.fixture
def small_engine(data_directory: Path, small_disk: SmallDisk) -> Iterator[Engine]:
    """A database whose tables, but not its log, are on the small disk."""
    url = embedded.start(data_directory)
    owner = (data_directory / "postgresql").stat()
    os.chown(small_disk.path, owner.st_uid, owner.st_gid)
    server = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE TABLESPACE small LOCATION '{small_disk.path}'"))
        connection.execute(text("CREATE DATABASE small TABLESPACE small"))
    engine = make_engine(make_url(url).set(database="small").render_as_string(hide_password=False), pool_size=5)
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE small WITH (FORCE)"))
        connection.execute(text("DROP TABLESPACE small"))
    server.dispose()
    embedded.stop(data_directory)


@pytest.mark.ledger("PRO-18")
def test_a_force_on_a_full_disk_ends_with_an_error_and_does_the_rest_when_there_is_room(
    small_engine: Engine, small_disk: SmallDisk
) -> None:
    client = client_on(small_engine)
    before = frozen_hashes(small_engine)
    small_disk.fill(leave=LEFT)

    refused = client.update("P", "force")
    assert (refused.status, refused.number) == (503, 100)
    done = whole_nodes(small_engine)
    assert 0 < done < NODES

    small_disk.make_room()
    run = client.app.test_client().get("/runs/1", auth=(ADMIN, PASSWORD)).get_json()
    assert (run["state"], run["done"]) == ("interrupted", done)
    assert staged(small_engine) == 0
    assert client.update("P", "force").number == 0
    assert whole_nodes(small_engine) == NODES
    assert client.update("P").rows() == []
    assert staged(small_engine) == 0
    assert dangling_links(small_engine) == []
    assert_unchanged(before, frozen_hashes(small_engine))


@pytest.mark.ledger("PRO-18")
@pytest.mark.parametrize("leave", [LEFT, LEFT // 8], ids=["in its steps", "before its steps"])
def test_a_queued_force_on_a_full_disk_is_finished_when_there_is_room(
    small_engine: Engine, small_disk: SmallDisk, leave: int
) -> None:
    client = client_on(small_engine)
    before = frozen_hashes(small_engine)
    run = accepted(client.post(message("UpdateNodeVersions", FORCE), headers=ASYNC))
    small_disk.fill(leave=leave)
    with suppress(SQLAlchemyError, psycopg.Error):
        work(small_engine)
    done = whole_nodes(small_engine)
    assert done < NODES

    small_disk.make_room()
    state = eventually(lambda: None if shown(client, run)["state"] == "running" else shown(client, run)["state"])
    assert state in ("queued", "interrupted")
    assert whole_nodes(small_engine) == done
    assert staged(small_engine) == 0
    if state == "queued":
        assert work(small_engine) == 1
        assert shown(client, run)["state"] == "done"
    else:
        assert client.update("P", "force").number == 0
    assert whole_nodes(small_engine) == NODES
    assert client.update("P").rows() == []
    assert staged(small_engine) == 0
    assert dangling_links(small_engine) == []
    assert_unchanged(before, frozen_hashes(small_engine))


@pytest.mark.ledger("PRO-18")
def test_a_database_that_cannot_start_for_lack_of_room_says_so(data_directory: Path) -> None:
    with SmallDisk.mounted(data_directory / "disk", megabytes=MEGABYTES_OF_ALL) as disk:
        directory = disk.path / "data"
        url = embedded.start(directory)
        engine = make_engine(url, pool_size=5)
        migrate(engine)
        with engine.begin() as connection:
            add_user(connection, ADMIN, PASSWORD, admin=True)
        client = Client(create_app(Settings(secret_key=SECRET_KEY), engine))
        disk.fill(leave=LEFT)
        with pytest.raises(DBAPIError):
            write_until_it_fails(engine)
        # The server that starts after a crash needs room at once.
        with disk.kept_full():
            os.kill(int((directory / "postgresql" / "postmaster.pid").read_text().partition("\n")[0]), signal.SIGKILL)
            refused = eventually(lambda: says_full(client))
            assert (refused.status, refused.number) == (503, 100)
            checked = check(directory)
        assert (checked.returncode, "full" in checked.stdout + checked.stderr) == (1, True), checked
        disk.make_room()
        eventually(lambda: client.post(message("GetNode", {"nodeVersionReference": "system"})).number == 0)
        engine.dispose()
        embedded.stop(directory)


@pytest.mark.ledger("PRO-18")
def test_a_dump_on_a_full_disk_leaves_nothing(database_url: str, client: Client, small_disk: SmallDisk) -> None:
    client.load(large_values())
    small_disk.fill(leave=LEFT // 2)
    file = small_disk.path / "store.dump"
    refused = Relink({"RELINK_DATABASE_URL": database_url})("dump", str(file))
    assert (refused.exit_code, refused.stderr) == (1, f"Error: {file} cannot be written: No space left on device\n")
    assert [each.name for each in small_disk.path.iterdir()] == ["ballast"]
    small_disk.make_room()
    assert Relink({"RELINK_DATABASE_URL": database_url})("dump", str(file)).exit_code == 0


def client_on(engine: Engine) -> Client:
    """A client of an application on a new database, with nodes to update."""
    migrate(engine)
    with engine.begin() as connection:
        add_user(connection, ADMIN, PASSWORD, admin=True)
    client = Client(create_app(Settings(secret_key=SECRET_KEY), engine))
    client.load(large_values())
    return client


def staged(engine: Engine) -> int:
    """How many steps of runs are staged."""
    with engine.connect() as connection:
        query = "SELECT (SELECT count(*) FROM run_step) + (SELECT count(*) FROM run_step_other)"
        return int(connection.execute(text(query)).scalar_one())


def check(directory: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "RELINK_DATA_DIR": str(directory)}
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "check"]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=ROOT, timeout=WITHIN
    )


def write_until_it_fails(engine: Engine) -> None:
    while True:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS filled AS SELECT 1 AS n"))
            connection.execute(text("INSERT INTO filled SELECT generate_series(1, 100000)"))
            connection.execute(text("SELECT pg_switch_wal()"))


def says_full(client: Client) -> Reply | None:
    """The response to a request that says that the disk is full."""
    reply = client.post(message("GetNode", {"nodeVersionReference": "system"}))
    return reply if "the disk of the database is full" in (reply.text("errorDescription") or "") else None


def large_values() -> Graph:
    """Nodes with values that do not compress well, so that each new version takes room."""
    chance = random.Random(8)  # noqa: S311
    graph = Graph().node("P.Z", frozen(), draft()).node("P.m", frozen(type="system.MEMBER_TYPE_CLASS.1"))
    graph.node("P.T", frozen(*links(LIST, "P.m.1", member_type="system.MEMBER_TYPE_LIST.1"), type="system.TYPE_TYPE.1"))
    for i in range(NODES):
        value = M("P.m.1", value=chance.randbytes(VALUE_BYTES // 2).hex())
        graph.node(f"P.N{i:03}", frozen(M(LIST, "P.Z.1"), value, type="P.T.1"))
    return graph


def whole_nodes(engine: Engine) -> int:
    """How many nodes have their new version, which must have all that the old one has, with the new target."""
    found = contents(engine)
    new = [version for version in found if version.startswith("P.N") and version.endswith(".2")]
    for version in new:
        old_type, old_members = found[f"{version[:-2]}.1"]
        moved = sorted(((*m[:3], "P.Z.2", m[4]) if m[3] == "P.Z.1" else m for m in old_members), key=repr)
        assert found[version] == (old_type, moved)
    return len(new)
