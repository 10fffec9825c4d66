"""The embedded database."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from app.database import embedded
from app.database.embedded import EmbeddedDatabaseError
from app.settings import Settings
from tests.support.data_directories import copied

ODD = 'it\'s "a" \\ $HOME `x` %41 \u00e9'
LONG = "/".join("abcdefghij" * 5 for _ in range(4))


@pytest.fixture
def started(data_directory: Path) -> Iterator[Callable[[str], str]]:
    """Start the database of a directory in the data directory, for the first time; it is stopped at the end."""
    directories = []

    def start(name: str = "data") -> str:
        directories.append(data_directory / name)
        return embedded.start(data_directory / name)

    yield start
    for directory in directories:
        embedded.stop(directory)
        assert not (directory / "postgresql" / "postmaster.pid").exists()


@pytest.fixture
def started_again(
    started: Callable[[str], str], migrated_directory: Path, data_directory: Path
) -> Callable[[str], str]:
    """Start a database that has been used before, which is quicker."""

    def start(name: str = "data") -> str:
        if not (data_directory / name).exists():
            (data_directory / name).mkdir(parents=True)
            copied(migrated_directory, data_directory / name)
        return started(name)

    return start


def server_of(data_directory: Path) -> int:
    return int((data_directory / "postgresql" / "postmaster.pid").read_text().split()[0])


@pytest.mark.parametrize("name", [f"{ODD}, b", LONG], ids=["odd-with-comma", "long"])
def test_the_first_start_depends_neither_on_the_path_nor_on_the_environment(
    started: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in ("LC_ALL", "LANG", "LC_MESSAGES"):
        monkeypatch.setenv(variable, "xx_XX.UTF-8")
    monkeypatch.setenv("PGPORT", "7777")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("TMPDIR", "/nowhere")
    with psycopg.connect(started(name)) as connection:
        settings = "SELECT current_setting('server_encoding'), current_setting('lc_messages'), lower('\u00c9')"
        assert connection.execute(settings).fetchone() == ("UTF8", "C", "\u00e9")


@pytest.mark.soak
def test_the_programs_may_lie_at_any_path(
    started: Callable[[str], str], data_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The programs are in a virtual environment in a directory with an unusual name, or root copies them from there."""
    installed = embedded.installed_binaries()
    directory = data_directory / ODD
    directory.mkdir()
    embedded.copy_programs(installed, directory)
    shutil.copy(installed.parents[1] / "__init__.py", directory / installed.parents[1].name)
    monkeypatch.syspath_prepend(str(directory))
    assert embedded.installed_binaries().is_relative_to(directory)
    with psycopg.connect(started("data")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_embedded_database_has_connections_for_eight_web_processes(started_again: Callable[..., str]) -> None:
    wanted = 8 * (Settings().threads + Settings().runs_at_work)
    with psycopg.connect(started_again()) as connection:
        row = connection.execute("SELECT current_setting('max_connections')::integer").fetchone()
    assert row is not None
    assert row[0] >= wanted


@pytest.mark.ledger("PRO-9")
def test_its_log_repeats_nothing_that_was_sent(started_again: Callable[[str], str], data_directory: Path) -> None:
    with psycopg.connect(started_again("data"), autocommit=True) as connection:
        connection.execute("CREATE TABLE a (b text PRIMARY KEY)")
        connection.execute("INSERT INTO a VALUES ('s3cr3t')")
        for statement in ("SELECT 's3cr3t'::integer", "INSERT INTO a VALUES ('s3cr3t')", "SELECT s3cr3t"):
            with pytest.raises(psycopg.Error, match="s3cr3t"):
                connection.execute(statement)
        with pytest.raises(psycopg.Error, match="s3cr3t"):
            connection.execute("DO $$ BEGIN RAISE EXCEPTION 's3cr3t'; END $$")
    log = (data_directory / "data" / "postgresql.log").read_text()
    assert "database system is ready to accept connections" in log
    assert "s3cr3t" not in log


@pytest.mark.parametrize("name", ["data", LONG], ids=["short", "long"])
def test_other_users_of_the_machine_cannot_reach_the_socket(started_again: Callable[[str], str], name: str) -> None:
    folder = Path(str(make_url(started_again(name)).query["host"]))
    assert (folder / ".s.PGSQL.5432").is_socket()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_socket_folder_of_another_user_is_refused(started_again: Callable[[str], str], data_directory: Path) -> None:
    folder = Path(str(make_url(started_again(LONG)).query["host"]))
    embedded.stop(data_directory / LONG)
    assert not folder.exists()
    folder.mkdir()
    try:
        folder.chmod(0o755)
        with pytest.raises(EmbeddedDatabaseError, match=f"{folder}.*remove it, or set RELINK_DATA_DIR"):
            embedded.start(data_directory / LONG)
    finally:
        folder.rmdir()


def test_a_path_with_a_line_break_is_refused(data_directory: Path) -> None:
    with pytest.raises(EmbeddedDatabaseError, match=r"a\\nb' has control characters: set RELINK_DATA_DIR"):
        embedded.start(data_directory / "a\nb")


def test_incomplete_files_of_an_interrupted_start_are_created_again(
    started: Callable[[str], str], data_directory: Path
) -> None:
    """A process was killed while initdb was at work."""
    half_made = data_directory / "data" / "postgresql.new-x"
    (half_made / "base").mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    with psycopg.connect(started("data"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept ()")
    assert not half_made.exists()
    embedded.stop(data_directory / "data")
    with psycopg.connect(started("data")) as connection:
        connection.execute("TABLE kept")


def test_the_error_message_has_the_reason_that_the_server_gives(data_directory: Path) -> None:
    files = data_directory / "postgresql"
    files.mkdir()
    (files / "PG_VERSION").write_text("18\n")
    with pytest.raises(EmbeddedDatabaseError) as raised:
        embedded.start(data_directory)
    assert f"the embedded database in {files} does not start: postgres: could not access" in str(raised.value)


def test_a_folder_that_holds_something_else_is_left_alone(data_directory: Path) -> None:
    (data_directory / "postgresql").mkdir()
    (data_directory / "postgresql" / "letter.txt").write_text("dear")
    with pytest.raises(EmbeddedDatabaseError, match="is not empty and is not a database"):
        embedded.start(data_directory)
    assert (data_directory / "postgresql" / "letter.txt").read_text() == "dear"


def test_a_data_directory_that_cannot_be_made_is_reported(data_directory: Path) -> None:
    (data_directory / "file").touch()
    with pytest.raises(EmbeddedDatabaseError, match=r"file/data cannot be used .*: set RELINK_DATA_DIR"):
        embedded.start(data_directory / "file" / "data")


def test_the_process_number_of_a_dead_server_may_be_that_of_any_other(
    started_again: Callable[[str], str], data_directory: Path
) -> None:
    """This happens in a container that was killed and started again: its processes get the same numbers as before."""
    started_again("data")
    embedded.stop(data_directory / "data")
    files = data_directory / "data" / "postgresql"
    owner = files.stat()
    with subprocess.Popen(["sleep", "600"], user=owner.st_uid if os.geteuid() == 0 else None) as other:
        pid_file = files / "postmaster.pid"
        pid_file.write_text(f"{other.pid}\n{files}\n1700000000\n5432\n{files}\n\n\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        psycopg.connect(started_again("data")).close()
        assert server_of(data_directory / "data") != other.pid
        assert other.poll() is None
        other.kill()
