"""Solutions made by the XML services, used with tokens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Engine

from app.solutions.people.tokens import authorize, create_master_token
from tests.graphql.client import GraphQL
from tests.support.http import Client
from tests.support.solution_store import Store


@pytest.fixture
def store(client: Client) -> Store:
    """The store, used by somebody who may do everything."""
    return Store(client)


@pytest.fixture
def master(app: Flask, engine: Engine) -> GraphQL:
    """A client with a master token."""
    with engine.begin() as connection:
        return GraphQL(app, create_master_token(connection, "Partner").token)


@pytest.fixture
def as_user(app: Flask, engine: Engine) -> Callable[[str], GraphQL]:
    """Make a client with a token of an end user."""

    def make(user: str) -> GraphQL:
        with engine.begin() as connection:
            return GraphQL(app, authorize(connection, user))

    return make


@pytest.fixture
def ann(store: Store) -> str:
    """An end user."""
    return store.user("Ann")


@pytest.fixture
def anns(ann: str, as_user: Callable[[str], GraphQL]) -> GraphQL:
    """A client with a token of Ann's."""
    return as_user(ann)
