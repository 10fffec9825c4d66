"""What tests of solutions begin with."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from app.solutions.people.external_users import create_external_user
from tests.support.world import World


@pytest.fixture
def world(engine: Engine) -> World:
    with engine.begin() as connection:
        return World(engine, owner=create_external_user(connection, "Ann", "ann"))
