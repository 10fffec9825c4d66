"""`/runs/N/events`: server-sent events about a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app.application import create_app
from app.settings import Settings
from tests.support.builders import out_of_date
from tests.support.http import ADMIN, PASSWORD, SECRET_KEY, Client, assert_json_failure, message
from tests.support.served import eventually
from tests.support.workers import ASYNC, accepted, shown, work
from tests.updates.test_force import interfere


@pytest.fixture
def stale(client: Client, make_user: Callable[..., None]) -> Client:
    """Three nodes that are out of date, `owner`, who may update them, and `bob`, who administers the package only."""
    client.load(out_of_date(3))
    make_user("owner", "package-administer P")
    make_user("bob", "node-administer P")
    return client


def queued(client: Client) -> int:
    force = {"nodeReference": "P", "action": "force", "updateContentIndicator": "true"}
    return accepted(client.post(message("UpdateNodeVersions", force), headers=ASYNC))


def opened(
    client: Client, run: int, last: str | None = None, environment: Mapping[str, object] | None = None
) -> TestResponse:
    headers = {} if last is None else {"Last-Event-ID": last}
    return client.app.test_client().get(
        f"/runs/{run}/events", auth=(client.user, PASSWORD), headers=headers, environ_overrides=dict(environment or {})
    )


def events(response: TestResponse) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The events of a stream: id, name, and the run."""
    assert response.status_code == 200
    assert response.content_type == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    for block in response.iter_encoded():
        lines = block.decode().rstrip("\n").split("\n")
        if lines[0].startswith(("retry: ", ":")):
            continue
        fields = dict(line.split(": ", 1) for line in lines)
        yield fields["id"], fields["event"], json.loads(fields["data"])


@pytest.mark.ledger("DEC-169")
def test_a_stream_reports_the_progress_of_a_run_and_ends_with_it(stale: Client, engine: Engine) -> None:
    run = queued(stale)
    interfere(engine, "PERFORM pg_advisory_xact_lock_shared(1);")
    with engine.connect() as holder, ThreadPoolExecutor(1) as worker, closing(opened(stale, run)) as response:
        stream = events(response)
        assert next(stream)[1:] == ("progress", shown(stale, run))
        holder.execute(text("SELECT pg_advisory_lock(1)"))
        worked = worker.submit(work, engine)
        eventually(lambda: shown(stale, run)["steps"])
        identifier, name, reported = next(stream)
        assert (name, reported["state"], reported["done"]) == ("progress", "running", 0)
        holder.execute(text("SELECT pg_advisory_unlock(1)"))
        assert worked.result() == 1
        rest = list(stream)
    assert rest[-1][1:] == ("end", shown(stale, run))
    assert [name for _, name, _ in rest[:-1]] == ["progress"] * (len(rest) - 1)
    assert len({identifier, *(each for each, _, _ in rest)}) == len(rest) + 1


def test_a_late_client_gets_the_end_of_the_stream_and_is_asked_not_to_reconnect(stale: Client) -> None:
    run = int(stale.update("P", "force").response.headers["Relink-Run"])
    [(identifier, name, reported)] = events(opened(stale, run))
    assert (name, reported) == ("end", shown(stale, run))
    again = opened(stale, run, identifier)
    assert (again.status_code, again.data) == (204, b"")
    assert [name for _, name, _ in events(opened(stale, run, "another"))] == ["end"]


def test_a_client_that_reconnects_does_not_get_known_events_again(stale: Client, engine: Engine) -> None:
    run = queued(stale)
    with closing(opened(stale, run)) as first:
        identifier, _, _ = next(events(first))
    with closing(opened(stale, run, identifier)) as again:
        blocks = again.iter_encoded()
        assert next(blocks).startswith(b"retry: ")
        assert work(engine) == 1
        assert b"event: end" in next(blocks)


def test_streams_beyond_a_number_are_refused_with_a_time_to_retry(stale: Client, engine: Engine) -> None:
    run = queued(stale)
    small = Client(create_app(Settings(threads=16, secret_key=SECRET_KEY), engine))
    with closing(opened(small, run)) as first:
        next(events(first))
        refused = opened(small, run)
        assert_json_failure(refused, 503, 106, "streams of events")
        assert refused.headers["Retry-After"] == "5"
    with closing(opened(small, run)) as second:
        assert next(events(second))[1] == "progress"


@pytest.mark.parametrize(
    "taken_back",
    [
        "DELETE FROM permission WHERE node_identifier IS NOT NULL",
        "UPDATE account SET enabled = false WHERE user_logon_reference = 'bob'",
    ],
)
def test_a_stream_ends_when_its_reader_may_no_longer_see_the_run(
    stale: Client, engine: Engine, taken_back: str
) -> None:
    run = queued(stale)
    with closing(opened(stale.as_user("bob"), run)) as response:
        stream = events(response)
        assert next(stream)[1] == "progress"
        with engine.begin() as connection:
            connection.execute(text(taken_back))
        assert list(stream) == []
    assert shown(stale, run)["state"] == "queued"


def test_a_stream_ends_when_the_process_stops(stale: Client) -> None:
    run = queued(stale)
    stopping = iter([False, True, True, True])
    response = opened(stale, run, environment={"relink.stopping": lambda: next(stopping)})
    assert [name for _, name, _ in events(response)] == ["progress"]


def test_a_stream_is_for_users_who_may_see_the_run(stale: Client, make_user: Callable[..., None]) -> None:
    make_user("stranger")
    run = queued(stale.as_user("owner"))
    for user in ("owner", "bob", ADMIN):
        with closing(opened(stale.as_user(user), run)) as response:
            assert next(events(response))[2]["user"] == "owner"
    hidden, unknown = (opened(stale.as_user("stranger"), number) for number in (run, run + 1))
    for response in (hidden, unknown):
        assert_json_failure(response, 404, 102)
    path = f"/runs/{run}/events"
    assert_json_failure(stale.app.test_client().get(path), 401, 101)
    assert_json_failure(stale.app.test_client().get(f"{path}?after=1", auth=(ADMIN, PASSWORD)), 400, 105)
    head = stale.app.test_client().head(path, auth=(ADMIN, PASSWORD))
    assert (head.status_code, head.data) == (200, b"")
