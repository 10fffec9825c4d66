"""A worker for a single test, which does the queued runs in the thread of the test or in another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from app.settings import Settings
from app.wire import queued_runs
from tests.support.http import PASSWORD, SECRET_KEY, Client, Reply, checked

_LOOK_EVERY = 0.05
ASYNC = {"Prefer": "respond-async"}


def never() -> bool:
    return False


def work(engine: Engine, stop: Callable[[], bool] = never, *, most: int = 100) -> int:
    """Do the runs that wait, one after the other, and return their number."""
    done = 0
    while done < most and queued_runs.do_next(engine, Settings(secret_key=SECRET_KEY), stop):
        done += 1
    return done


@contextmanager
def working(engine: Engine) -> Iterator[None]:
    """Do the runs that wait in a thread, as soon as there are any, until this `with` statement ends."""
    ended = Event()

    def waits() -> bool:
        with engine.connect() as connection:
            queued = "SELECT EXISTS (SELECT FROM run WHERE state = 'queued' AND asynchronous)"
            return bool(connection.execute(text(queued)).scalar_one())

    def work_until_ended() -> None:
        while not ended.wait(_LOOK_EVERY):
            if waits():
                work(engine, ended.is_set)

    thread = Thread(target=work_until_ended)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def be_alive(engine: Engine) -> None:
    """Give the sign of life of a worker, as a process of `relink worker` does."""
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"))


def accepted(reply: Reply) -> int:
    """The run of a request that a worker carries out."""
    assert (reply.status, reply.number) == (202, 0), reply.response.text
    headers = reply.response.headers
    assert headers["Preference-Applied"] == "respond-async"
    assert headers["Location"] == f"/runs/{headers['Relink-Run']}"
    return int(headers["Relink-Run"])


def get(client: Client, path: str) -> TestResponse:
    return client.app.test_client().get(path, auth=(client.user, PASSWORD))


def shown(client: Client, run: int) -> dict[str, Any]:
    """A run, as `/runs/N` shows it."""
    response = get(client, f"/runs/{run}")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.get_json()
    return found


def response_of(client: Client, run: int) -> Reply:
    """The kept response of a run."""
    response = get(client, f"/runs/{run}/response")
    assert response.status_code == 200, response.text
    return checked(response)
