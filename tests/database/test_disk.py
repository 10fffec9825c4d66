"""When a refused connection is explained by a full disk."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from app.database import disk, embedded
from app.database.disk import full_disk, is_full


@pytest.fixture
def less_than_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """No disk has the room that PostgreSQL is said to need."""
    monkeypatch.setattr(disk, "LEAST_FREE", 2**80)


def refused(directory: Path, port: int = 5432) -> str:
    """The message of a connection to a server that does not run."""
    with pytest.raises(psycopg.OperationalError) as raised:
        psycopg.connect(host=str(directory), port=port, user="postgres", dbname="postgres")
    return str(raised.value)


def test_a_disk_with_the_least_room_is_not_full(data_directory: Path) -> None:
    assert not is_full(data_directory)
    (data_directory / "PG_VERSION").write_text("18")
    assert full_disk(refused(data_directory)) is None


@pytest.mark.usefixtures("less_than_the_least")
def test_a_disk_with_less_than_the_least_room_is_full(tmp_path: Path) -> None:
    assert is_full(tmp_path)
    assert not is_full(tmp_path / "missing")


@pytest.mark.usefixtures("less_than_the_least")
def test_the_disk_of_the_files_of_a_local_server_counts(data_directory: Path) -> None:
    """The socket of another server is not beside its files, so nothing is known of its disk."""
    assert full_disk(refused(data_directory)) is None
    (data_directory / "PG_VERSION").write_text("18")
    assert full_disk(refused(data_directory)) == data_directory


@pytest.mark.usefixtures("less_than_the_least")
def test_the_disk_is_found_though_the_path_of_the_data_is_too_long_for_a_socket(data_directory: Path) -> None:
    directory = data_directory / ("long" * 30)
    directory.mkdir()
    url = embedded.start(directory)
    try:
        socket = Path(str(make_url(url).query["host"]))
        assert full_disk(refused(socket, port=1)) == directory / "postgresql"
    finally:
        embedded.stop(directory)
    assert not socket.exists()


@pytest.mark.usefixtures("less_than_the_least")
def test_a_server_on_another_machine_has_no_disk_here() -> None:
    assert full_disk('connection to server at "192.0.2.1", port 5432 failed: timeout') is None
