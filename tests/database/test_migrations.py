"""Migrations keep what a database holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from app.database.engine import make_engine
from app.database.migrate import migrate, require_schema
from app.solutions.instances.reading import read_instance

_A_VALUE_OF_0004 = """
    WITH solution AS (
      INSERT INTO solution (title, draft, latest_release_number) VALUES ('Support', '{}', 2) RETURNING *
    ), release AS (
      INSERT INTO solution_release (solution_identifier, release_number, title, content)
      SELECT solution_identifier, number, title, '{"configSlots": [{"externalId": "channel"}]}'
      FROM solution, generate_series(1, 2) number
    ), owner AS (
      INSERT INTO external_user (name, external_user_identifier) VALUES ('Ann', 'ann') RETURNING *
    ), instance AS (
      INSERT INTO solution_instance (solution_identifier, release_number, owner, name)
      SELECT solution_identifier, 1, user_identifier, 'Mine' FROM solution, owner RETURNING *
    )
    INSERT INTO instance_value (instance_identifier, slot_kind, external_identifier, value, given_for_release)
    SELECT instance_identifier, 'config', 'channel', '"#help"', 1 FROM instance
    RETURNING instance_identifier::text
"""


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    engine = make_engine(empty_database_url)
    yield engine
    engine.dispose()


def test_a_value_given_before_0005_is_as_good_as_it_was(empty: Engine) -> None:
    migrate(empty, "0004")
    with empty.begin() as connection:
        instance_id = connection.execute(text(_A_VALUE_OF_0004)).scalar_one()
    migrate(empty)
    require_schema(empty)
    with empty.connect() as connection:
        instance = read_instance(connection, instance_id)
    assert (instance.config_values, instance.pending) == ({"channel": '"#help"'}, ())
