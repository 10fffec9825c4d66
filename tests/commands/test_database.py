"""`relink check` and `relink migrate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.conftest import Relink
from tests.support.http import SECRET_KEY


def states(output: str) -> list[str]:
    """The first words of the lines, `ok` or `not ok`; notes are neither."""
    return [line[:8].rstrip() for line in output.splitlines() if not line.startswith("note")]


def test_an_empty_database_is_not_ok_until_it_is_migrated(
    relink_on: Callable[[str], Relink], empty_database_url: str
) -> None:
    relink = relink_on(empty_database_url)
    before = relink("check")
    assert (before.exit_code, states(before.stdout)) == (1, ["ok", "ok", "not ok"])
    assert "run 'relink migrate'" in before.stdout
    assert "it was at none" in relink("migrate").stdout
    assert "nothing to do" in relink("migrate").stdout
    after = relink("check")
    assert (after.exit_code, states(after.stdout)) == (0, ["ok", "ok", "ok"])


def test_the_embedded_database_needs_no_migrate(data_directory: Path) -> None:
    relink = Relink({"RELINK_DATABASE_URL": None, "RELINK_DATA_DIR": str(data_directory)})
    result = relink("check")
    assert result.exit_code == 0
    assert set(states(result.stdout)) == {"ok"}
    assert str(data_directory) in result.stdout


def test_what_keeps_authentications_is_told(
    relink_on: Callable[[str], Relink], database_url: str, data_directory: Path
) -> None:
    relink = relink_on(database_url)
    without = relink("check")
    assert without.exit_code == 0
    assert "note    secret key: RELINK_SECRET_KEY is not set" in without.stdout
    with_key = relink.with_environment(RELINK_SECRET_KEY=SECRET_KEY)("check")
    assert "ok      secret key: RELINK_SECRET_KEY" in with_key.stdout
    assert SECRET_KEY not in with_key.stdout
    embedded = Relink({"RELINK_DATABASE_URL": None, "RELINK_DATA_DIR": str(data_directory)})("check")
    assert f"ok      secret key: in {data_directory / 'secret-key'}" in embedded.stdout


def test_a_setting_that_is_wrong_is_named(relink_on: Callable[[str], Relink], database_url: str) -> None:
    result = relink_on(database_url).with_environment(RELINK_POOL_SIZE="many")("check")
    assert (result.exit_code, states(result.stdout)) == (1, ["not ok"])
    assert "RELINK_POOL_SIZE" in result.stdout


@pytest.mark.parametrize("url", ["postgresql://someone:geheim@127.0.0.1:1/relink", "geheim", "nonsense://geheim"])
@pytest.mark.parametrize("command", ["check", "migrate", "serve"])
def test_a_database_that_is_away_is_told_without_its_password(
    relink_on: Callable[[str], Relink], url: str, command: str
) -> None:
    result = relink_on(url)(command)
    assert result.exit_code == 1
    assert "the database can not be used" in result.output
    assert "geheim@" not in result.output
    assert "Traceback" not in result.output
