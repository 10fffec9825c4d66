"""The body of an import is stored only after its sender has signed in. Otherwise hardly any of it is read."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from app.application import create_app
from app.settings import Settings, SettingsError
from tests.support.builders import Graph, M, frozen
from tests.support.http import ADMIN, PASSWORD, Client, Reply

KIB = 1024
NODE = Graph().node("I.A", frozen()).xml()
SIGNED = f"<userLogonReference>{ADMIN}</userLogonReference><password>{PASSWORD}</password>"
GET_SYSTEM = "<GetNode><nodeVersionReference>system</nodeVersionReference></GetNode>"


class Endless(io.RawIOBase):
    """A body that begins with some bytes and never ends. It counts how much of it was read."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        assert self.size < 64 * KIB * KIB, "the whole body is read"
        block = (self._start[self.size : self.size + len(buffer)]).ljust(len(buffer), b" ")
        buffer[:] = block
        self.size += len(block)
        return len(block)


def send(client: Client, start: str, path: str = "/service") -> tuple[Reply, int]:
    """Post a body that never ends; returns the reply, and how many bytes of the body were read for it."""
    body = Endless(start.encode())
    reply = client.post(b"", path, environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True})
    return reply, body.size


@pytest.mark.ledger("DEC-49", "PRO-24")
@pytest.mark.parametrize("path", ["/service", "/service/NodeImport"])
@pytest.mark.parametrize(
    "start",
    [
        "<NodeImport><NodeList>",
        "<NodeImport>",
        f"<NodeImport><action>force</action><NodeList/>{SIGNED}",
        f"<NodeImport>{' ' * 70_000}{SIGNED}<NodeList>",
        f"<NodeImport>{SIGNED.replace(PASSWORD, 'wrong horse')}<NodeList>",
        f"<NodeImport>{SIGNED.replace(ADMIN, 'nobody')}<NodeList>",
        "<NodeImport><x/>",
    ],
    ids=range(7),
)
def test_an_import_without_sign_in_is_refused_before_it_is_read(reader: Client, start: str, path: str) -> None:
    reply, read = send(reader.as_user(None), start, path)
    assert (reply.status, reply.number, reply.tree.tag) == (200, 101, "NodeImport")
    assert read <= 192 * KIB


def test_an_anonymous_caller_is_told_how_to_sign_in(reader: Client) -> None:
    reply, _ = send(reader.as_user(None), "<NodeImport><NodeList>")
    assert "HTTP Basic" in (reply.text("errorDescription") or "")
    assert "userLogonReference" in (reply.text("errorDescription") or "")


@pytest.mark.ledger("DEC-50", "PRO-24")
@pytest.mark.parametrize("permissions", [(), ("node-read P.A",), ("package-update P", "administer-solutions")])
def test_an_import_of_a_user_without_any_right_to_it_is_refused_before_it_is_read(
    client: Client, make_user: Callable[..., None], permissions: tuple[str, ...]
) -> None:
    client.load(Graph().node("P.A", frozen()))
    make_user("bob", *permissions)
    reply, read = send(client.as_user("bob"), "<NodeImport><NodeList>")
    assert (reply.status, reply.number) == (200, 101)
    assert "not authorised to import" in (reply.text("errorDescription") or "")
    assert read <= 192 * KIB


@pytest.mark.parametrize(
    "permission", ["package-use P", "node-administer P.A", "package-administer P", "administer-all"]
)
def test_any_right_that_an_import_can_need_lets_its_sender_try(
    client: Client, make_user: Callable[..., None], permission: str
) -> None:
    client.load(Graph().node("P.A", frozen()))
    make_user("bob", permission)
    assert client.as_user("bob").post("<NodeImport><NodeList/></NodeImport>").number == 0
    assert client.as_user("bob").post(NODE).number == (0 if permission == "administer-all" else 105)


def test_the_owner_of_a_node_may_import_its_next_version(client: Client, make_user: Callable[..., None]) -> None:
    make_user("bob", "administer-all")
    client.as_user("bob").load(Graph().node("P.A", frozen()))
    make_user("carol")
    assert client.as_user("carol").post(NODE).number == 101
    assert client.as_user("bob").post(Graph().node("P.A", frozen(), frozen()).xml()).number == 0


@pytest.mark.parametrize("root", ["GetNode", "SetSolution", "Nothing"])
def test_another_request_that_never_ends_is_read_as_far_as_its_limit(reader: Client, root: str) -> None:
    reply, read = send(reader.as_user(None), f"<{root}>")
    assert (reply.status, reply.number) in {(413, 103), (404, 102)}
    assert read <= 1200 * KIB


@pytest.mark.ledger("DEC-52")
def test_a_large_request_needs_credentials(reader: Client) -> None:
    body = GET_SYSTEM.replace("system", " " * 70_000 + "system")
    assert reader.post(body).number == 0
    reply = reader.as_user(None).post(body)
    assert (reply.status, reply.number) == (200, 101)
    assert "64 KiB" in (reply.text("errorDescription") or "")
    assert reader.as_user(None).post(body.replace("</GetNode>", f"{SIGNED}</GetNode>")).number == 0


@pytest.fixture
def full(app: Flask, engine: Engine, tmp_path: Path) -> Client:
    """A service whose directory for uploads cannot be written."""
    settings = Settings(upload_directory=tmp_path / "gone")
    return Client(create_app(settings, engine))


@pytest.mark.ledger("DEC-51")
def test_an_import_that_cannot_be_stored_is_refused_with_507(full: Client) -> None:
    reply = full.post(NODE)
    assert (reply.status, reply.number, reply.tree.tag) == (507, 100, "NodeImport")
    assert "nothing was imported" in (reply.text("errorDescription") or "")
    found = full.post("<GetNode><nodeVersionReference>I</nodeVersionReference></GetNode>")
    assert found.text("errorFields") == "nodeVersionReference"


def test_other_requests_do_not_need_the_folder_for_uploads(full: Client) -> None:
    assert full.post(GET_SYSTEM).number == 0
    assert (
        full.post(f"<GetNode>{' ' * 900_000}<nodeVersionReference>system</nodeVersionReference></GetNode>").number == 0
    )
    assert full.as_user(None).post(NODE).number == 101
    assert full.post("<NodeImport/>", auth=(ADMIN, "wrong horse")).number == 101


def test_the_folder_for_uploads_is_a_setting(tmp_path: Path) -> None:
    assert Settings.from_environment({}).upload_directory is None
    given = Settings.from_environment({"RELINK_UPLOAD_DIR": str(tmp_path)})
    assert given.upload_directory == tmp_path
    for wrong in (tmp_path / "gone", Path(__file__)):
        with pytest.raises(SettingsError, match="RELINK_UPLOAD_DIR must be a directory"):
            Settings.from_environment({"RELINK_UPLOAD_DIR": str(wrong)})


def test_imports_that_are_stored_leave_room_for_those_of_others(
    app: Flask, engine: Engine, make_user: Callable[..., None]
) -> None:
    """One user has half of the room, and gets it back when the import is done."""
    application = create_app(Settings(max_import_bytes=512 * KIB, max_stored_bytes=1024 * KIB), engine)
    client = Client(application)
    make_user("bob", "administer-all")
    storage = application.extensions["relink"].uploads
    with engine.connect() as connection:
        admin = connection.execute(text("SELECT min(user_identifier) FROM account")).scalar_one()
    large = Graph().node("I.A", frozen(M(value="x" * 200 * KIB))).xml()
    assert storage.take(admin, 400 * KIB)
    refused = client.post(large)
    assert (refused.status, refused.number, refused.tree.tag) == (503, 106, "NodeImport")
    assert refused.response.headers["Retry-After"] == "30"
    assert client.as_user("bob").post(large).number == 0
    storage.give_back(admin, 400 * KIB)
    for _ in range(4):
        assert client.post(large).number == 0


def test_the_room_for_imports_is_a_setting() -> None:
    given = Settings.from_environment({"RELINK_MAX_IMPORT_BYTES": "2048", "RELINK_MAX_STORED_BYTES": "4096"})
    assert given.max_stored_bytes == 4096
    with pytest.raises(SettingsError, match="RELINK_MAX_STORED_BYTES must be at least twice RELINK_MAX_IMPORT_BYTES"):
        Settings.from_environment({"RELINK_MAX_STORED_BYTES": "4096"})
