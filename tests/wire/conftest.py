"""One application for the many tests that leave its database as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from app.application import create_app
from app.database.engine import make_engine
from app.settings import Settings
from tests.conftest import FreshDatabase
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client


@pytest.fixture(scope="session")
def reader(fresh_database: FreshDatabase) -> Iterator[Client]:
    """A client signed in as `admin`, for requests that change nothing. Only `admin` may read the node P.A."""
    with fresh_database(True) as url:
        engine = make_engine(url, pool_size=4)
        # Tests of refusals must not be throttled because of them.
        settings = Settings(sign_in_failures_per_account=1_000_000, sign_in_failures_per_address=1_000_000)
        client = Client(create_app(settings, engine))
        client.load(Graph().node("P.A", frozen()))
        yield client
        engine.dispose()


@pytest.fixture
def stale(client: Client, make_user: Callable[..., None]) -> Client:
    """Two packages that are out of date, and `owner`, who may do everything in both."""
    client.load(
        Graph()
        .node("P.A", frozen(*links("P.B.1")))
        .node("P.B", frozen(), draft())
        .node("Q.A", frozen(*links("Q.B.1")))
        .node("Q.B", frozen(), draft())
    )
    make_user("owner", "package-administer P", "package-administer Q")
    return client
