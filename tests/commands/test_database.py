"""`relink check` and `relink migrate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from tests.commands.conftest import Relink
from tests.support.http import SECRET_KEY


def states(output: str) -> list[str]:
    """The results of the lines, `ok` or `not ok`. Notes have none."""
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


def test_check_reports_whether_there_is_a_secret_key(
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


@pytest.mark.parametrize(
    ("proxies", "said"),
    [("0", "note    sign-in: RELINK_TRUSTED_PROXIES is 0"), ("2", "that 2 trusted proxies give")],
)
def test_check_says_whose_address_counts_for_failed_sign_ins(
    relink_on: Callable[[str], Relink], database_url: str, proxies: str, said: str
) -> None:
    result = relink_on(database_url).with_environment(RELINK_TRUSTED_PROXIES=proxies)("check")
    assert result.exit_code == 0
    assert said in result.stdout


def test_passwords_in_the_query_string_of_the_url_are_not_shown(
    relink_on: Callable[[str], Relink], database_url: str
) -> None:
    url = make_url(database_url)
    given = url.update_query_dict({"sslpassword": "geheim", "password": url.password or "geheim"})
    result = relink_on(given.render_as_string(hide_password=False))("check")
    assert result.exit_code == 0, result.output
    assert "sslpassword=" in result.stdout
    for secret in ("geheim", url.password or "geheim"):
        assert secret not in result.output


def test_a_setting_that_is_wrong_is_named(relink_on: Callable[[str], Relink], database_url: str) -> None:
    result = relink_on(database_url).with_environment(RELINK_POOL_SIZE="many")("check")
    assert (result.exit_code, states(result.stdout)) == (1, ["not ok"])
    assert "RELINK_POOL_SIZE" in result.stdout


def test_a_pool_that_is_too_small_to_serve_is_reported(relink_on: Callable[[str], Relink], database_url: str) -> None:
    result = relink_on(database_url).with_environment(RELINK_POOL_SIZE="2")("check")
    assert (result.exit_code, states(result.stdout)) == (1, ["not ok"])
    assert "RELINK_POOL_SIZE is 2" in result.stdout


@pytest.mark.parametrize("command", ["check", "migrate", "serve --bind 127.0.0.1:0"])
def test_an_unavailable_database_is_reported_without_password(relink_on: Callable[[str], Relink], command: str) -> None:
    result = relink_on("postgresql://someone:geheim@127.0.0.1:1/relink")(*command.split())
    assert result.exit_code == 1
    assert "the database cannot be used: the database is not available" in result.output
    assert "geheim" not in result.output
    assert "Traceback" not in result.output


COMMANDS = [("check",), ("migrate",), ("serve", "--bind", "127.0.0.1:0"), ("worker",), ("token", "list")]
AHEAD = {
    "UPDATE alembic_version SET version_num = '9999'": "the database is at revision 9999, which this program does not"
    " know: install the newer program",
    "INSERT INTO queue_migration (name) VALUES ('99.01.00_01_later')": "the tables of the queue have migration"
    " 99.01.00_01_later, which procrastinate",
}


@pytest.mark.parametrize("statement", list(AHEAD))
@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_of_a_newer_program_is_not_mended_by_migrate(
    relink_on: Callable[[str], Relink], database_url: str, engine: Engine, command: tuple[str, ...], statement: str
) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))
    result = relink_on(database_url)(*command)
    assert result.exit_code == 1
    assert AHEAD[statement] in result.output
    assert "install the newer program" in result.output
    assert "relink migrate" not in result.output


@pytest.fixture
def make_role(engine: Engine, database_url: str) -> Iterator[Callable[[str], str]]:
    """Make a role that may sign in, with some options, and return the URL of the database for it."""
    name = f"role_{token_hex(6)}"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:

        def make(options: str = "") -> str:
            connection.execute(text(f"CREATE ROLE {name} LOGIN PASSWORD 'geheim' {options}"))
            url = make_url(database_url).set(username=name, password="geheim")  # noqa: S106 - of this role alone
            return url.render_as_string(hide_password=False)

        yield make
        connection.execute(text(f"DROP ROLE {name}"))


class TestWhatTheServerRefuses:
    def test_a_database_that_does_not_exist(self, relink_on: Callable[[str], Relink], database_url: str) -> None:
        url = make_url(database_url).set(database="nothing_here").render_as_string(hide_password=False)
        shown = relink_on(url)("check").stdout
        assert "the database does not exist: create it, or correct its name in RELINK_DATABASE_URL" in shown
        assert "nothing_here" in shown

    def test_a_role_that_does_not_exist(self, relink_on: Callable[[str], Relink], database_url: str) -> None:
        url = make_url(database_url).set(username="nobody_here").render_as_string(hide_password=False)
        shown = relink_on(url)("check").stdout
        assert "the database does not accept the service: check user and password in RELINK_DATABASE_URL" in shown

    def test_too_many_connections(self, relink_on: Callable[[str], Relink], make_role: Callable[[str], str]) -> None:
        shown = relink_on(make_role("CONNECTION LIMIT 0"))("check").stdout
        assert "the database server has no free connection: raise max_connections" in shown
        assert "geheim" not in shown

    def test_a_role_without_privileges(
        self, relink_on: Callable[[str], Relink], make_role: Callable[[str], str]
    ) -> None:
        result = relink_on(make_role(""))("token", "list")
        assert result.exit_code == 1
        assert "the role in RELINK_DATABASE_URL lacks a privilege" in result.stderr
        assert "alembic_version" in result.stderr

    def test_a_setting_that_the_role_may_not_correct(
        self, relink_on: Callable[[str], Relink], make_role: Callable[[str], str], engine: Engine
    ) -> None:
        """The triggers that guard frozen versions would not fire, so the connection is refused."""
        url = make_role("")
        with engine.begin() as connection:
            database = connection.execute(text("SELECT current_database()")).scalar_one()
            connection.execute(text(f"ALTER DATABASE {database} SET session_replication_role TO replica"))
        shown = relink_on(url)("check").stdout
        assert "lacks a privilege" in shown
        assert "session_replication_role" in shown


def test_a_new_key_is_printed_and_can_be_set(
    relink_on: Callable[[str], Relink], database_url: str, engine: Engine
) -> None:
    made = Relink({})("secret-key", "--new").stdout.strip()
    without = relink_on(database_url)
    relink = without.with_environment(RELINK_SECRET_KEY=made)
    assert relink("secret-key").stdout == f"{made}\n"
    assert "ok      secret key: RELINK_SECRET_KEY" in relink("check").stdout
    result = without("secret-key")
    assert (result.exit_code, "'relink secret-key --new' prints a key to set" in result.stderr) == (1, True)
