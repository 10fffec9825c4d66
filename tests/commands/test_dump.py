"""`relink dump` and `relink restore`: the whole store comes back, with its secret key, or nothing changes."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app.application import create_app
from app.database.engine import make_engine
from app.database.migrate import migrate, require_schema
from app.settings import Settings
from app.solutions.people.cipher import Cipher
from docs.generator.schema import dump_schema
from tests.commands.conftest import Relink
from tests.conftest import FreshDatabase
from tests.database.keep_store import NEWEST_STORE, STORES
from tests.database.test_migrations import execute, rows_by_table
from tests.support.builders import Graph, draft, frozen, links
from tests.support.damaged_dumps import changed, cut, damaged
from tests.support.databases import empty_database, engine_on
from tests.support.http import SECRET_KEY, Client
from tests.support.lock_waits import waiting_sessions
from tests.support.processes import children, runs
from tests.support.served import ROOT, WITHIN, eventually
from tests.support.solution_store import DATA, Store

OTHER_KEY = "B" * 43 + "="
_STAGED = ("run_step", "run_step_other")
_SLOW_INDEX = """
    CREATE SCHEMA slow;
    CREATE SEQUENCE slow.indexes;
    CREATE FUNCTION slow.sleep() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('slow.indexes') = 20 THEN PERFORM pg_sleep(60); END IF;
    END $$;
    CREATE EVENT TRIGGER slow ON ddl_command_start WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION slow.sleep();
"""


@pytest.fixture
def target_url(server_url: str) -> Iterator[str]:
    """The URL of a database without any migration, to restore into."""
    with empty_database(server_url) as url:
        yield url


@pytest.fixture
def target(target_url: str) -> Relink:
    return on(target_url)


@pytest.fixture
def source(empty_database_url: str) -> Iterator[Engine]:
    """A store with rows in every table."""
    engine = make_engine(empty_database_url)
    execute(engine, NEWEST_STORE.read_text(encoding="utf-8"))
    migrate(engine)
    yield engine
    engine.dispose()


def on(url: str, key: str | None = SECRET_KEY) -> Relink:
    return Relink({"RELINK_DATABASE_URL": url, "RELINK_SECRET_KEY": key})


@pytest.fixture(scope="module")
def dump_of_small_store(fresh_database: FreshDatabase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with fresh_database(True, connected=True) as url, engine_on(url) as engine:
        client = Client(create_app(Settings(secret_key=SECRET_KEY), engine))
        client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
        file = tmp_path_factory.mktemp("dumped") / "store.dump"
        result = on(url)("dump", str(file))
    assert result.exit_code == 0, result.output
    return file


@pytest.fixture
def dumped(dump_of_small_store: Path, tmp_path: Path) -> Path:
    """The dump of a small store."""
    return Path(copy(dump_of_small_store, tmp_path))


@contextmanager
def started(relink: Relink, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `relink` as a process of its own, which is killed at the end if it still runs."""
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", *arguments]
    variables = {name: value for name, value in relink.environment.items() if value is not None}
    environment = {**os.environ, **variables}
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def relations(url: str) -> int:
    engine = make_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"))
        count = int(found.scalar_one())
    engine.dispose()
    return count


@pytest.mark.ledger("DEC-316")
def test_every_row_comes_back(
    source: Engine, empty_database_url: str, target: Relink, target_url: str, tmp_path: Path
) -> None:
    before = rows_by_table(source)
    assert [table for table, rows in before.items() if not rows] == []
    file = tmp_path / "store.dump"
    result = on(empty_database_url)("dump", str(file))
    assert (result.exit_code, result.stdout.startswith(f"Dumped the store to {file} (")) == (0, True), result.output
    assert "keep the file where only you can read it" in result.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    result = target("restore", str(file))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Restored 44 nodes and 1 user, as of ")
    restored = make_engine(target_url)
    require_schema(restored)
    after = rows_by_table(restored)
    assert [after[table] for table in _STAGED] == [[], []]
    assert {**after, **{table: before[table] for table in _STAGED}} == before
    assert sequences(restored) == sequences(source)
    restored.dispose()
    assert dump_schema(target_url) == dump_schema(empty_database_url)


def sequences(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        query = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
        return [tuple(row) for row in connection.execute(text(query))]


def test_users_sign_in_and_authentications_are_read_after_it(
    database_url: str, store: Store, target: Relink, target_url: str, tmp_path: Path
) -> None:
    store.authentication(store.user())
    file = tmp_path / "store.dump"
    assert on(database_url)("dump", str(file)).exit_code == 0
    assert target("restore", str(file)).exit_code == 0
    key = Relink({})("secret-key", "--dump", str(file)).stdout.strip()
    restored = make_engine(target_url)
    with restored.connect() as connection:
        (data,) = connection.execute(text("SELECT data FROM authentication")).scalars()
    assert Cipher(key).decrypt(data) == DATA
    client = Client(create_app(Settings(secret_key=key), restored))
    client.load(Graph().node("Q.A", frozen()))
    assert client.get("Q.A").text("nodeVersionNumber") == "1"
    restored.dispose()


def test_a_store_of_an_older_schema_is_brought_up_to_date(
    empty_database_url: str, target: Relink, target_url: str, tmp_path: Path
) -> None:
    older = make_engine(empty_database_url)
    execute(older, STORES[0].read_text(encoding="utf-8"))
    older.dispose()
    file = tmp_path / "older.dump"
    assert on(empty_database_url)("dump", str(file)).exit_code == 0
    assert target("restore", str(file)).exit_code == 0
    restored = make_engine(target_url)
    require_schema(restored)
    restored.dispose()


def test_the_embedded_database_gets_the_key_of_the_dump(dumped: Path, data_directory: Path) -> None:
    relink = Relink({"RELINK_DATABASE_URL": None, "RELINK_DATA_DIR": str(data_directory)})
    assert "the first start of the service makes it" in relink("secret-key").stderr
    result = relink("restore", str(dumped))
    assert result.exit_code == 0, result.output
    assert relink("secret-key").stdout == f"{SECRET_KEY}\n"
    again = relink("restore", str(dumped))
    assert (again.exit_code, "the database is not empty" in again.stderr) == (1, True), again.output


@pytest.mark.ledger("DEC-316")
def test_a_store_is_replaced_only_if_that_is_asked_for(dumped: Path, target: Relink, target_url: str) -> None:
    engine = make_engine(target_url)
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("CREATE TYPE of_the_operator AS (number integer)"))
        connection.execute(text("CREATE VIEW also AS SELECT (1)::integer AS number, NULL::of_the_operator AS more"))
    refused = target("restore", str(dumped))
    assert (refused.exit_code, "the database is not empty" in refused.stderr) == (1, True)
    in_use = target("restore", str(dumped), "--replace")
    assert (in_use.exit_code, "1 other session of the database" in in_use.stderr) == (1, True)
    engine.dispose()
    done = target("restore", str(dumped), "--replace")
    assert (done.exit_code, done.stdout[:8]) == (0, "Restored"), done.output
    client = Client(create_app(Settings(secret_key=SECRET_KEY), engine))
    assert client.update("P").rows() == ["P.A.1 version: change system.NODE_LIST.1 -> P.B.2"]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT to_regclass('also'), to_regtype('of_the_operator')")).one() == (
            None,
            None,
        )
    engine.dispose()


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (cut, "is not a file that 'relink dump' has written, or is damaged"),
        (damaged, "is not a file that 'relink dump' has written, or is damaged"),
        (lambda _: ROOT / "README.md", "is not a file that 'relink dump' has written, or is damaged"),
        (lambda dump: changed(dump, format=2), "is a dump of a newer Relink"),
        (lambda dump: changed(dump, more=2), "is not a file that 'relink dump' has written, or is damaged"),
        (lambda dump: changed(dump, migration="9999"), "at migration 9999, which this program does not know"),
        (lambda dump: changed(dump, queue_migrations=["99.00.00_01"]), "which this program does not know"),
        (
            lambda dump: changed(dump, pg_dump=99),
            "psql of PostgreSQL 99 or later are needed: install PostgreSQL's client",
        ),
        (lambda dump: changed(dump, schema="other"), "the dump is of the schema other, and the database has public"),
    ],
    ids=["cut", "damaged", "foreign", "format", "fields", "migration", "queue", "programs", "schema"],
)
def test_what_cannot_be_restored_changes_nothing(
    dumped: Path, target: Relink, target_url: str, made: Callable[[Path], Path], shown: str
) -> None:
    result = target("restore", str(made(dumped)))
    assert (result.exit_code, result.stdout) == (1, "")
    assert shown in " ".join(result.stderr.split())
    assert relations(target_url) == 0


@pytest.mark.ledger("DEC-316")
def test_a_damaged_dump_does_not_replace_a_store(dumped: Path, target: Relink, target_url: str) -> None:
    assert target("migrate").exit_code == 0
    before = relations(target_url)
    result = target("restore", str(damaged(dumped)), "--replace")
    assert (result.exit_code, "is damaged" in result.stderr) == (1, True), result.output
    assert relations(target_url) == before


@pytest.mark.ledger("DEC-316")
def test_the_key_of_the_dump_is_needed(dumped: Path, target_url: str) -> None:
    for key, shown in ((None, "RELINK_SECRET_KEY is not set"), (OTHER_KEY, "is not the secret key of the dump")):
        result = on(target_url, key)("restore", str(dumped))
        assert (result.exit_code, shown in result.stderr) == (1, True), result.output
        assert f"'relink secret-key --dump {dumped}' prints" in result.stderr
        assert SECRET_KEY not in result.output
    assert relations(target_url) == 0


def test_a_dump_that_cannot_be_written_leaves_nothing(database_url: str, engine: Engine, tmp_path: Path) -> None:
    relink = on(database_url)
    missing = relink("dump", str(tmp_path / "none" / "store.dump"))
    assert (missing.exit_code, missing.stderr) == (
        1,
        f"Error: {tmp_path / 'none' / 'store.dump'} cannot be written: No such file or directory\n",
    )
    device = relink("dump", "/dev/null")
    assert (device.exit_code, "is not an ordinary file" in device.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []


def test_there_is_nothing_to_dump_in_an_empty_database(target: Relink, tmp_path: Path) -> None:
    result = target("dump", str(tmp_path / "store.dump"))
    assert (result.exit_code, result.stderr) == (1, "Error: there is no store in the database\n")


@pytest.mark.ledger("DEC-355")
@pytest.mark.parametrize(
    ("number", "code", "message"),
    [(signal.SIGINT, 130, "cancelled"), (signal.SIGTERM, 143, ""), (signal.SIGHUP, 129, "")],
    ids=["ctrl-c", "sigterm", "sighup"],
)
def test_a_signal_leaves_no_half_dump(
    database_url: str, engine: Engine, tmp_path: Path, number: signal.Signals, code: int, message: str
) -> None:
    """`pg_dump` waits for a table that this test holds."""
    file = tmp_path / "store.dump"
    file.write_text("of before")
    with engine.connect() as connection:
        connection.execute(text("LOCK TABLE node IN ACCESS EXCLUSIVE MODE"))
        with started(on(database_url), "dump", str(file)) as process:
            eventually(lambda: waiting_sessions(engine, event="relation"))
            programs = children(process.pid)
            assert programs
            assert len(list(tmp_path.iterdir())) == 2, "the file that the dump writes has no name yet"
            process.send_signal(number)
            _, errors = process.communicate(timeout=WITHIN)
        assert not any(runs(program) for program in programs)
    assert (process.returncode, errors.strip()) == (code, message)
    assert [each.name for each in tmp_path.iterdir()] == ["store.dump"]
    assert file.read_text() == "of before"


@pytest.mark.ledger("DEC-316")
def test_ctrl_c_leaves_no_half_restored_store(dumped: Path, target: Relink, target_url: str) -> None:
    """The twentieth index is not created before a minute has passed."""
    engine = make_engine(target_url)
    execute(engine, _SLOW_INDEX)

    def sleeps() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        with engine.connect() as connection:
            return bool(connection.execute(text(query)).scalar_one() == 1)

    with started(target, "restore", str(dumped)) as process:
        eventually(sleeps)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WITHIN)
    eventually(lambda: not sleeps())
    assert (process.returncode, errors.strip()) == (130, "cancelled")
    assert relations(target_url) == 0
    execute(engine, "DROP SCHEMA slow CASCADE")
    engine.dispose()
    assert target("restore", str(dumped)).exit_code == 0
