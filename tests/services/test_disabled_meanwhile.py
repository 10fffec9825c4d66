"""Work that a user has begun but not committed when the account is disabled is not done."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, text

from app.identity.present_rights import lock_administrators
from app.identity.rights import OPERATOR
from tests.support.builders import Graph, draft, frozen, links
from tests.support.http import Client, message
from tests.support.lock_waits import waiting_sessions

WITHIN = 30
DISABLE = text("UPDATE account SET enabled = false WHERE user_logon_reference = 'bob'")
MakeUser = Callable[..., None]


class Body(io.RawIOBase):
    """A body that calls a function before its last part is read."""

    def __init__(self, data: bytes, happens: Callable[[], None]) -> None:
        self._data = data
        self._read = 0
        self._happens = happens

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._data[self._read : self._read + len(buffer)]
        self._read += len(data)
        if data and self._read == len(self._data):
            self._happens()
        buffer[: len(data)] = data
        return len(data)


def disable(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(DISABLE)


def test_an_import_of_a_user_who_is_disabled_meanwhile_is_not_committed(
    client: Client, engine: Engine, make_user: MakeUser
) -> None:
    make_user("bob", "administer-all")
    document = Graph().node("I.A", frozen()).xml().replace("</NodeList>", f"</NodeList>{' ' * 200_000}").encode()
    given = {"wsgi.input": Body(document, lambda: disable(engine)), "wsgi.input_terminated": True}
    reply = client.as_user("bob").post(b"", environ_overrides=given)
    assert (reply.status, reply.number, reply.tree.tag) == (200, 101, "NodeImport")
    assert "disabled" in (reply.text("errorDescription") or "")
    assert client.post(Graph().node("I.A", frozen(), draft()).xml("impact")).text("nodesCreated") == "2"


def test_a_user_who_is_disabled_meanwhile_begins_no_run(client: Client, engine: Engine, make_user: MakeUser) -> None:
    """The account is being disabled when the force has signed in. The force waits for this, and is refused."""
    client.load(Graph().node("P.A", frozen(*links("P.B.1"))).node("P.B", frozen(), draft()))
    make_user("bob", "package-administer P")
    client.as_user("bob").get("P.A")
    with ThreadPoolExecutor(1) as pool, engine.connect() as connection:
        connection.execute(DISABLE)
        force = pool.submit(client.as_user("bob").update, "P", "force")
        deadline = time.monotonic() + WITHIN
        while not waiting_sessions(engine, "%FROM account%FOR SHARE%"):
            assert time.monotonic() < deadline
            assert not force.done()
        connection.commit()
        assert force.result().number == 101
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM run")).scalar_one() == 0


def test_a_user_who_is_disabled_meanwhile_creates_no_token(client: Client, engine: Engine, make_user: MakeUser) -> None:
    make_user("bob", "administer-all")
    with ThreadPoolExecutor(1) as pool, engine.connect() as connection:
        lock_administrators(connection, OPERATOR)
        made = pool.submit(client.as_user("bob").post, message("CreateToken", {"tokenName": "Mine"}))
        deadline = time.monotonic() + WITHIN
        while not waiting_sessions(engine, "%pg_advisory%"):
            assert time.monotonic() < deadline
            assert not made.done()
        connection.execute(DISABLE)
        connection.commit()
        assert made.result().number == 101
    assert client.post(message("ListTokens", {})).tree.findall("TokenList/Token") == []
