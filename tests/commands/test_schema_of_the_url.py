"""The options and the schema that the URL of a database names."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from app.application import create_app
from app.database.engine import make_engine
from app.database.session import SETTINGS
from app.settings import Settings
from tests.commands.conftest import Relink
from tests.commands.test_session_settings import (
    GROUPS,
    HOSTILE,
    administering,
    assert_all_works,
    make_hostile,
    present,
    schemas_of_tables,
    worker,
)
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY
from tests.support.served import eventually


@pytest.fixture
def hostile(request: pytest.FixtureRequest, database_url: str) -> None:
    """A database with hostile settings, made before any other fixture connects to it."""
    make_hostile(database_url, GROUPS[request.param])


def with_options(url: str, options: str) -> str:
    return make_url(url).update_query_dict({"options": options}).render_as_string(hide_password=False)


@pytest.mark.parametrize(
    "options",
    [
        "-csearch_path=elsewhere",
        "-c search_path=elsewhere",
        "-c work_mem=5MB --search-path=elsewhere",
        "-c SEARCH_PATH=elsewhere,\\ public",
    ],
)
def test_a_schema_that_the_url_names_is_kept(database_url: str, options: str) -> None:
    make_hostile(database_url, tuple(HOSTILE))
    with administering(with_options(database_url, options)) as engine:
        found = present(engine)
    assert (found["search_path"] or "").startswith("elsewhere")
    assert found["DateStyle"] == SETTINGS["DateStyle"]


def test_other_options_of_the_url_are_kept_and_ours_win(database_url: str) -> None:
    options = "-c work_mem=5MB -c datestyle=German -c application_name=search_path=x"
    with administering(with_options(database_url, options)) as engine, engine.connect() as connection:
        shown = [
            connection.execute(text(f"SHOW {name}")).scalar_one() for name in ("work_mem", "DateStyle", "search_path")
        ]
    assert shown == ["5MB", "ISO, MDY", "public"]


def test_all_tables_are_in_the_schema_that_the_url_names(
    empty_database_url: str, relink_on: Callable[[str], Relink]
) -> None:
    """The tables of the queue are there too, and the worker and the commands find them."""
    with administering(empty_database_url) as engine, engine.connect() as connection:
        connection.execute(text("CREATE SCHEMA elsewhere"))
    url = with_options(empty_database_url, "-csearch_path=elsewhere")
    relink = relink_on(url)
    assert relink("migrate").exit_code == 0
    assert schemas_of_tables(empty_database_url) == {"elsewhere"}
    assert relink("check").exit_code == 0
    assert relink("token", "add", "Partner", "--master").exit_code == 0
    with worker(url), administering(empty_database_url) as engine, engine.connect() as connection:
        query = text("SELECT count(*) > 0 FROM elsewhere.procrastinate_workers")
        eventually(lambda: connection.execute(query).scalar_one())


def test_commands_and_the_service_work_in_the_schema_that_the_url_names(
    empty_database_url: str, relink_on: Callable[[str], Relink]
) -> None:
    make_hostile(empty_database_url, tuple(HOSTILE))
    with administering(empty_database_url) as engine, engine.connect() as connection:
        connection.execute(text("CREATE SCHEMA elsewhere"))
    url = with_options(empty_database_url, "-csearch_path=elsewhere")
    relink = relink_on(url)
    assert relink("migrate").exit_code == 0
    assert relink("user", "add", ADMIN, "--admin", "--password-stdin", stdin=PASSWORD).exit_code == 0
    engine = make_engine(url)
    try:
        assert_all_works(create_app(Settings(secret_key=SECRET_KEY), engine), engine, relink)
    finally:
        engine.dispose()
    assert schemas_of_tables(empty_database_url) == {"elsewhere"}


def test_a_schema_that_does_not_exist_is_named(empty_database_url: str, relink_on: Callable[[str], Relink]) -> None:
    result = relink_on(with_options(empty_database_url, "-csearch_path=elsewhere"))("migrate")
    assert result.exit_code == 1
    assert "no schema of the search path exists" in result.stderr
