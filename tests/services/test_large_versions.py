"""A process builds few large responses at the same time, whichever service or page they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from flask import Flask
from sqlalchemy import Engine, NullPool, create_engine, text
from werkzeug.test import TestResponse

from app.runs.turns import Places, Shares
from app.settings import Settings
from tests.support.builders import Graph, M, frozen, member_type, type_with
from tests.support.http import ADMIN, PASSWORD, Client, message
from tests.support.served import eventually

NODE = {"nodeVersionReference": "L.A"}
REQUESTS = {
    "GetNode": message("GetNode", NODE),
    "CompareNodeVersions": message(
        "CompareNodeVersions", {"nodeVersionReferenceFrom": "L.A.1", "nodeVersionReferenceTo": "L.A.2"}
    ),
}


@pytest.fixture
def store(client: Client) -> Client:
    """Two versions with values of more than a mebibyte, and a version with a long value that is within the limit."""
    rules = Graph().node("L.m", member_type()).node("L.T", type_with("L.m.1"))
    large = [frozen(*(M("L.m.1", value=letter * 400_000) for _ in range(3)), type="L.T.1") for letter in "xy"]
    client.load(rules.node("L.A", *large).node("L.small", frozen(M("L.m.1", value="z" * 800_000), type="L.T.1")))
    return client


@contextmanager
def all_turns_taken(app: Flask, by: str | None = None) -> Iterator[None]:
    """Take all turns, or all that one user may take."""
    turns = app.extensions["relink"].workload.large_responses
    most = Shares.of(Settings()).large_responses
    with ExitStack() as others:
        for _ in range(most if by is None else Places(most, 0).of_one_user.at_work):
            turn = others.enter_context(turns.turn(by))
            assert turn.has_come
            turn.since -= 60  # nobody waits for work that takes long
        yield


def sent(client: Client, body: str, path: str = "/service") -> TestResponse:
    given = {"data": body, "content_type": "application/xml", "auth": (ADMIN, PASSWORD)}
    return client.app.test_client().post(path, **given)


@pytest.mark.ledger("DEC-366")
@pytest.mark.parametrize("service", REQUESTS)
@pytest.mark.parametrize("path", ["/service", "/servicejson"])
def test_a_large_response_waits_for_its_turn_and_gives_it_back(store: Client, service: str, path: str) -> None:
    body = REQUESTS[service]
    if path == "/servicejson":
        path = f"/servicejson/{service}"
    with all_turns_taken(store.app):
        refused = sent(store, body, path)
        assert (refused.status_code, refused.headers["Relink-Error-Number"]) == (503, "106")
        assert "Retry-After" in refused.headers
        assert store.post(message("GetNode", {"nodeVersionReference": "L.small"})).number == 0
        assert store.post(message("GetNode", {**NODE, "memberDetailLevel": "none"})).number == 0
    for _ in range(1 + Shares.of(Settings()).large_responses):
        response = sent(store, body, path)
        assert (response.status_code, response.headers["Relink-Error-Number"]) == (200, "0")
        assert len(response.data) > 1_000_000


@pytest.mark.ledger("DEC-366")
def test_a_reader_without_rights_takes_no_turn(store: Client) -> None:
    with all_turns_taken(store.app):
        assert store.as_user(None).post(REQUESTS["GetNode"]).number == 101


@pytest.mark.ledger("DEC-366")
def test_readers_of_one_network_without_a_sign_in_leave_turns_to_others(store: Client) -> None:
    public = {"permissionTypeReference": "package-read", "userGroupReference": "public", "objectReference": "L"}
    assert store.post(message("CreatePermission", public)).number == 0

    def read_from(address: str) -> int:
        given = {"data": REQUESTS["GetNode"], "content_type": "application/xml"}
        reader = store.app.test_client()
        return reader.post("/service", **given, environ_overrides={"REMOTE_ADDR": address}).status_code

    with all_turns_taken(store.app, by="network 198.51.100.7"):
        assert read_from("198.51.100.7") == 503
        assert read_from("203.0.113.9") == 200


@pytest.mark.ledger("DEC-389")
@pytest.mark.parametrize("service", REQUESTS)
def test_a_connection_that_has_read_a_large_version_is_replaced(store: Client, engine: Engine, service: str) -> None:
    engine.dispose()
    small = message("GetNode", {"nodeVersionReference": "L.small"})
    assert store.post(small).number == 0
    before = connections(engine)
    assert store.post(small).number == 0
    assert connections(engine) == before
    assert sent(store, REQUESTS[service]).status_code == 200
    eventually(lambda: before - connections(engine))
    assert store.post(small).number == 0


def connections(engine: Engine) -> set[int]:
    """The process ids of the sessions of the server, except that of the present session."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    alone = create_engine(engine.url, poolclass=NullPool)
    with alone.connect() as connection:
        return set(connection.execute(text(query)).scalars())
