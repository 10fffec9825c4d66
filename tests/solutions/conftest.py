"""The stores with which tests of solutions begin."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from app.solutions.people.external_users import create_external_user
from tests.support.solution_store import Store, config_slot
from tests.support.world import World


@pytest.fixture
def world(engine: Engine) -> World:
    with engine.begin() as connection:
        return World(engine, owner=create_external_user(connection, "Ann", "ann"))


@pytest.fixture
def announced(store: Store) -> str:
    """An instance that needs its end user, and has a message about that."""
    solution = store.published()
    instance = store.instance(solution)
    store.republish(solution, config=[config_slot("a")])
    return instance
